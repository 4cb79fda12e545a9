/**
 * Goal: a cancel reaches exactly the invocation that it names, and is refused if none has that id.
 * Method: a whole ingress over the in-memory broker; a fake status-logger holds the records.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cancellationKey, decodeCancellation, PlatformError, type StatusRecord } from '#contracts';
import { builtAt, builtUrn } from '#testing';
import { type ApiAnswer, IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;

beforeEach(async () => {
  app = await IngressApp.start();
  await app.createFunction('hello');
  await app.createFunction('other');
});
afterEach(() => app?.close());

const record = (given: Partial<StatusRecord> = {}): StatusRecord => ({
  requestId: 'r1',
  functionUrn: builtUrn,
  project: 'p1',
  status: 'WAIT',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: builtAt,
  attempts: 0,
  tags: [],
  deliveries: [],
  ...given,
});
const know = (...records: StatusRecord[]) => (app.records.page = { records, count: records.length });
const cancel = async (name: string, body: unknown) => app.call('POST', `/fgs/functions/${name}/cancel`, body);

/** Lets the waits of a request pass. */
async function impatient(answer: Promise<ApiAnswer>): Promise<ApiAnswer> {
  let isOver = false;
  void answer.finally(() => (isOver = true));
  while (!isOver) await app.clock.advance(100);
  return answer;
}

describe('a cancel', () => {
  it.each(['WAIT', 'RUNNING'] as const)(
    'of an invocation in status %s is written down, and answered with an empty body',
    async (status) => {
      know(record({ status }));
      const answer = await cancel('hello', { request_id: 'r1' });
      expect([answer.status, answer.body, answer.headers['content-length']]).toEqual([200, undefined, '0']);
      expect(app.recordsOf('cancellations').map(decodeCancellation)).toEqual([{ requestId: 'r1', functionUrn: builtUrn }]);
      expect(app.records.queries).toMatchObject([{ project: 'p1', requestIds: ['r1'] }]);
    },
  );

  it.each(['SUCCESS', 'FAIL', 'DISCARD'] as const)('of an invocation that ended in %s changes nothing', async (status) => {
    know(record({ status }));
    expect((await cancel('hello', { request_id: 'r1' })).status).toBe(200);
    expect(app.recordsOf('cancellations')).toEqual([]);
  });

  it('of an invocation of another function is refused', async () => {
    know(record());
    const answer = await impatient(cancel('other', { request_id: 'r1' }));
    expect([answer.status, answer.body]).toEqual([400, { error_code: 'FSS.0400', error_msg: 'Invalid RequestId' }]);
    expect(app.recordsOf('cancellations')).toEqual([]);
  });

  it('of an unknown invocation is refused after the waits', async () => {
    const answer = await impatient(cancel('hello', { request_id: 'r1' }));
    expect([answer.status, answer.body.error_msg]).toEqual([400, 'Invalid RequestId']);
    expect(app.records.queries.length).toBe(7);
  });

  it('waits for the record of an invocation that was accepted just now', async () => {
    const answer = cancel('hello', { request_id: 'r1' });
    while (app.records.queries.length < 2) await app.clock.advance(10);
    know(record());
    expect((await impatient(answer)).status).toBe(200);
    expect(app.recordsOf('cancellations').length).toBe(1);
  });

  it('is written down while the store of records is behind, for its own function only', async () => {
    app.records.page = { records: [record()], count: 1, isBehind: true };
    expect((await cancel('other', { request_id: 'r1' })).status).toBe(200);
    app.records.page = { records: [], count: 0, isBehind: true };
    expect((await cancel('hello', { request_id: 'r1' })).status).toBe(200);
    expect(app.recordsOf('cancellations').map(decodeCancellation)).toMatchObject([
      { functionUrn: builtUrn.replace('hello', 'other') },
      { functionUrn: builtUrn },
    ]);
    app.records.page = { records: [record({ status: 'SUCCESS' })], count: 1, isBehind: true };
    expect((await cancel('hello', { request_id: 'r1' })).status).toBe(200);
    expect(app.recordsOf('cancellations')).toHaveLength(2);
  });

  it('is written down while records cannot be read, for its own function only', async () => {
    app.records.failure = new PlatformError('STORE_UNAVAILABLE');
    expect((await cancel('hello', { request_id: 'r1' })).status).toBe(200);
    expect(app.recordsOf('cancellations').map(decodeCancellation).map(cancellationKey)).toEqual([
      cancellationKey({ requestId: 'r1', functionUrn: builtUrn }),
    ]);
  });

  it.each([
    ['no request id', {}],
    ['an empty one', { request_id: '' }],
    ['one that is no text', { request_id: 5 }],
    ['one longer than any', { request_id: 'r'.repeat(65) }],
    ['a type that is not offered', { request_id: 'r1', type: 'recursive' }],
    ['a type nobody knows', { request_id: 'r1', type: 'gently' }],
  ])('with %s is refused', async (_what, body) => {
    know(record());
    expect(await cancel('hello', body)).toMatchObject({ status: 400, body: { error_code: 'FSS.0400' } });
    expect(app.recordsOf('cancellations')).toEqual([]);
  });

  it('may have the type force', async () => {
    know(record());
    expect((await cancel('hello', { request_id: 'r1', type: 'force' })).status).toBe(200);
  });

  it('of an unknown function is refused', async () => {
    expect(await cancel('nobody', { request_id: 'r1' })).toMatchObject({ status: 404, body: { error_code: 'FSS.1051' } });
  });
});
