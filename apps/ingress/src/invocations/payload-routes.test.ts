/**
 * Goal: an invocation uses a large event that was uploaded before it. Every unusable reference is
 * refused at the door. Method: a whole ingress over the in-memory
 * broker and a folder, with a clock of the test.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeInvocation } from '#contracts';
import { ManualClock } from '#testing';
import { type AccessKey, IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
let limited: AccessKey;
const large = JSON.stringify({ text: 'x'.repeat(300_000) });
const hourMs = 3_600_000;

beforeAll(async () => {
  app = await IngressApp.start({ env: { STORED_PAYLOAD_BYTES_MAX: '400000', INGRESS_STORED_PAYLOADS_BYTES_MAX: '2000000' } });
  for (const name of ['hello', 'other']) await app.createFunction(name);
  const { body } = await app.signed('POST', '/sendoff/credentials', { rights: ['invoke', 'read'], functions: ['hello'] });
  limited = { accessKey: body.access_key, secretKey: body.secret_key };
});
afterAll(() => app?.close());

const uploadTo = async (fn: string, body: string, headers: Record<string, string> = {}) =>
  app.raw('POST', `/v2/p1/sendoff/functions/${fn}/payloads`, body, { 'x-auth-token': IngressApp.token, ...headers });
const upload = async (fn = 'hello', body = large): Promise<string> => (await uploadTo(fn, body)).body.payload_ref;
const invoke = async (reference: string, body?: string, fn = 'hello') =>
  app.raw('POST', `/v2/p1/fgs/functions/${fn}/invocations-async`, body, {
    'x-auth-token': IngressApp.token,
    'x-sendoff-payload-ref': reference,
  });
const answerOf = ({ status, body }: { status: number; body: { error_code?: string; error_msg?: string } }) => [
  status,
  body.error_code,
  body.error_msg,
];

describe('an upload', () => {
  it('answers the reference, the length and the SHA-256, and until when it may be used', async () => {
    const { status, body } = await uploadTo('hello', large);
    expect([status, body]).toEqual([
      201,
      {
        payload_ref: expect.stringMatching(/^[0-9a-f]{128}$/),
        bytes: large.length,
        sha256: createHash('sha256').update(large).digest('hex'),
        usable_until: expect.stringMatching(/^2027-01-16T08:00:00/),
      },
    ]);
  });

  it.each<[what: string, body: string, headers: Record<string, string>, status: number, error: string]>([
    ['is no JSON object', '[1]', {}, 406, 'the payload must be a JSON object'],
    ['is empty', '', {}, 406, 'the payload must be a JSON object'],
    ['is larger than the configuration allows', `{"a":"${'x'.repeat(400_000)}"}`, {}, 413, 'a payload may have 400000 bytes'],
    [
      'arrived other than it was sent',
      '{}',
      { 'x-sendoff-payload-sha256': '0'.repeat(64) },
      400,
      'X-Sendoff-Payload-Sha256 is not that of',
    ],
  ])('that %s is refused', async (_what, body, headers, status, error) => {
    expect(answerOf(await uploadTo('hello', body, headers))).toEqual([
      status,
      expect.any(String),
      expect.stringContaining(error),
    ]);
  });

  it('for a function that does not exist, or that the key may not use, is refused', async () => {
    expect((await uploadTo('nobody', '{}')).status).toBe(404);
    expect((await app.signed('POST', '/sendoff/functions/other/payloads', {}, limited)).status).toBe(403);
  });
});

describe('an invocation with a reference', () => {
  it('carries the reference in place of the event', async () => {
    const reference = await upload();
    const { status, body } = await invoke(reference);
    expect(status).toBe(202);
    const record = app.recordsOf('invocations').find(({ key }) => key === body.request_id) ?? expect.fail('no record');
    expect(decodeInvocation(record)).toMatchObject({ payloadRef: reference, payload: Buffer.alloc(0) });
    expect(record.headers['format-version']).toBe('2');
  });

  it.each<[what: string, reference: () => Promise<string>, body: string | undefined, status: number, error: string]>([
    ['that nobody uploaded', async () => '0'.repeat(128), undefined, 404, 'upload it again'],
    ['of another function', async () => upload('other'), undefined, 404, 'upload it again'],
    ['of another form', async () => '../x', undefined, 400, 'must be the payload_ref of an upload'],
    ['and a body', async () => upload(), '{}', 400, 'must have no body'],
  ])('%s is refused, and says what to do', async (_what, reference, body, status, error) => {
    const before = app.recordsOf('invocations').length;
    expect(answerOf(await invoke(await reference(), body))).toEqual([status, expect.any(String), expect.stringContaining(error)]);
    expect(app.recordsOf('invocations')).toHaveLength(before);
  });

  it('through Kafka is accepted without a value, and rejected with one', async () => {
    const reference = await upload();
    const headers = { 'sendoff-function': 'hello', 'sendoff-project': IngressApp.project, 'sendoff-payload-ref': reference };
    const accepted = app.recordsOf('invocations').length;
    await app.produce(null, headers);
    const written = await app.kafka.waitFor('sendoff.invocations', accepted + 1);
    expect(written.map((record) => record.headers['payload-ref'])).toContain(reference);
    const rejected = app.recordsOf('rejects').length;
    await app.produce('{}', headers);
    await app.produce(null, { ...headers, 'sendoff-payload-ref': '0'.repeat(128) });
    const rejects = await app.kafka.waitFor('sendoff.rejects', rejected + 2);
    expect(rejects.map((record) => record.headers['reject-reason'])).toEqual(
      expect.arrayContaining([expect.stringContaining('must have no value'), expect.stringContaining('payload-unknown')]),
    );
  });

  it('is told apart by its reference if it has an idempotency key', async () => {
    const send = async (reference: string) =>
      app.raw('POST', '/v2/p1/fgs/functions/hello/invocations-async', undefined, {
        'x-auth-token': IngressApp.token,
        'x-sendoff-payload-ref': reference,
        'idempotency-key': 'large-1',
      });
    const [one, other] = [await upload('hello', '{"a":1}'), await upload('hello', '{"a":2}')];
    const first = await send(one);
    expect((await send(one)).body.request_id).toBe(first.body.request_id);
    expect((await send(other)).status).toBe(422);
  });
});

describe('a stored payload', () => {
  it('is shown to those who may read its function, and to no others', async () => {
    const path = `/sendoff/functions/hello/payloads/${await upload()}`;
    expect(await app.must('GET', path)).toEqual(JSON.parse(large));
    expect((await app.signed('GET', path, undefined, limited)).status).toBe(200);
    const foreign = `/sendoff/functions/other/payloads/${await upload('other')}`;
    expect((await app.signed('GET', foreign, undefined, limited)).status).toBe(403);
    expect((await app.call('GET', foreign.replace('other', 'hello'))).status).toBe(404);
  });

  it('that does not fit any more is refused until older ones are removed', async () => {
    let full = await uploadTo('hello', large);
    for (let uploads = 0; uploads < 10 && full.status === 201; uploads++) full = await uploadTo('hello', large);
    expect(answerOf(full)).toEqual([503, 'FSS.0503', expect.stringContaining('the store of payloads is full')]);
  });
});

it('a payload may be used for 24 hours', async () => {
  // The times of files come from the machine.
  const own = await IngressApp.start({ clock: new ManualClock(Date.now()) });
  try {
    await own.createFunction('hello');
    const headers = { 'x-auth-token': IngressApp.token };
    const { body } = await own.raw('POST', '/v2/p1/sendoff/functions/hello/payloads', '{}', headers);
    const invokeNow = async () =>
      own.raw('POST', '/v2/p1/fgs/functions/hello/invocations-async', undefined, {
        ...headers,
        'x-sendoff-payload-ref': body.payload_ref,
      });
    await own.clock.advance(24 * hourMs - 1);
    expect((await invokeNow()).status).toBe(202);
    await own.clock.advance(1);
    expect(answerOf(await invokeNow())).toEqual([
      404,
      'FSS.0404',
      'the payload was uploaded more than 24 h ago: upload it again',
    ]);
  } finally {
    await own.close();
  }
});
