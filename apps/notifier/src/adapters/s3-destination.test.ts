/**
 * Goal: a delivery says whether the object was written, although the store fails, hangs, or lacks
 * a part of S3. It holds up nobody beyond its try. Method: a scripted server; everything else is
 * tried on real stores, in `test/integration/object-store.test.ts`.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aSettlement, eventually, ManualClock } from '#testing';
import { notificationOf } from '../notification-of.ts';
import { S3Destination } from './s3-destination.ts';

const notification = notificationOf({ kind: 'settled', settlement: aSettlement() }, 'rfc3339');
const target = { type: 'OBS', bucket: 'results', prefix: '', expiresDays: 3 } as const;

type Reply = { readonly status: number; readonly code?: string; readonly body?: string };
/** Returns undefined to leave a request without an answer. */
type Script = (request: IncomingMessage, body: string) => Reply | undefined;

describe('the S3 destination', () => {
  let server: Server;
  let script: Script;
  let lifecycle: string | undefined;
  let asked: string[];
  let objects: { readonly headers: IncomingMessage['headers']; readonly body: string }[];
  let destination: S3Destination;
  let clock: ManualClock;

  /** A bucket that keeps its lifecycle as the text that it got. */
  const bucket: Script = (request, body) => {
    if (!request.url?.endsWith('?lifecycle')) {
      objects.push({ headers: request.headers, body });
      return { status: 200 };
    }
    if (request.method === 'PUT') lifecycle = body;
    return lifecycle === undefined ? { status: 404, code: 'NoSuchLifecycleConfiguration' } : { status: 200, body: lifecycle };
  };
  /** The bucket, whose lifecycle answers as given. */
  const withLifecycle =
    (answer: Script): Script =>
    (request, body) =>
      request.url?.endsWith('?lifecycle') === true ? answer(request, body) : bucket(request, body);
  const rules = (...given: readonly string[]) => `<LifecycleConfiguration>${given.join('')}</LifecycleConfiguration>`;
  const rule = (id: string, tag = 'Rule') => `<${tag}><ID>${id}</ID><Status>Enabled</Status></${tag.split(' ')[0]}>`;
  const deliver = async (signal = new AbortController().signal) => destination.deliver(notification, target, signal);

  beforeEach(async () => {
    [asked, objects, lifecycle, script] = [[], [], undefined, bucket];
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url?.replace(/\d{4}\/.*$/, '...')}`);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const reply = script(request, String(Buffer.concat(chunks)));
        if (reply === undefined) return;
        const { status, code, body } = reply;
        response.writeHead(status).end(code === undefined ? body : `<Error><Code>${code}</Code><Message>no</Message></Error>`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    clock = new ManualClock();
    destination = new S3Destination({ endpoint, accessKey: 'access', secretKey: 'secret-key', region: 'us-east-1' }, clock);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('asks again in the next try, if a question about the lifecycle was never answered', async () => {
    const patience = new AbortController();
    script = () => undefined;
    const first = deliver(patience.signal);
    await eventually(() => asked.length === 1 || undefined);
    script = bucket;
    const second = deliver();
    patience.abort();
    expect(await first).toEqual({ kind: 'deferred', reason: 'the try took too long' });
    expect(await second).toMatchObject({ kind: 'delivered' });
    const question = 'GET /results?lifecycle';
    expect(asked).toEqual([question, question, 'PUT /results?lifecycle', question, 'PUT /results/...']);
  });

  it('sends a checksum, without which a bucket with object lock refuses an object', async () => {
    script = (request, body) =>
      request.headers['content-md5'] === createHash('md5').update(body).digest('base64') || request.method === 'GET'
        ? bucket(request, body)
        : { status: 400, code: 'InvalidRequest' };
    expect(await deliver()).toMatchObject({ kind: 'delivered' });
    expect(objects).toHaveLength(1);
  });

  it.each([
    ['is forbidden to read', 'GET', 403, 'AccessDenied'],
    ['is forbidden to change', 'PUT', 403, 'AccessDenied'],
    ['does not exist in the store', 'GET', 501, 'NotImplemented'],
    ['takes no filter by tag', 'PUT', 400, 'MalformedXML'],
    ['is forbidden in words of its own', 'PUT', 403, 'Forbidden'],
    ['is not supported', 'GET', 400, 'UnsupportedOperation'],
  ])('stores the object with its tag if the lifecycle %s, and says that it does not expire', async (_, method, status, code) => {
    script = withLifecycle((request, body) => (request.method === method ? { status, code } : bucket(request, body)));
    const note = expect.stringMatching(
      new RegExp(
        `^the object is stored but does not expire, because the bucket lacks the lifecycle rule sendoff-expires-3d: ${code}`,
      ),
    );
    expect(await deliver()).toMatchObject({ kind: 'delivered', note });
    expect(objects).toMatchObject([{ headers: { 'x-amz-tagging': 'sendoff-expires-days=3' } }]);
    const before = asked.length;
    expect(await deliver()).toMatchObject({ kind: 'delivered', note });
    expect(asked.slice(before)).toEqual(['PUT /results/...']);
    script = bucket;
    await clock.advance(600_001);
    expect(await deliver()).toEqual({ kind: 'delivered', location: expect.any(String) });
  });

  it.each([
    ['has no tags', 501, 'NotImplemented'],
    ['forbids tags', 403, 'AccessDenied'],
    ['does not know the header of tags', 400, 'UnsupportedHeader'],
  ])('stores the object without its tag if the store %s, and says that it does not expire', async (_, status, code) => {
    script = (request, body) => (request.headers['x-amz-tagging'] === undefined ? bucket(request, body) : { status, code });
    const note = expect.stringMatching(
      new RegExp(`^the object is stored but does not expire, because the store refused its tag sendoff-expires-days: ${code}`),
    );
    expect(await deliver()).toMatchObject({ kind: 'delivered', note });
    expect(objects).toHaveLength(1);
  });

  it('is deferred, with what the store said, if it refuses the object without its tag too', async () => {
    script = (request, body) =>
      request.url?.endsWith('?lifecycle') === true ? bucket(request, body) : { status: 403, code: 'AccessDenied' };
    expect(await deliver()).toEqual({ kind: 'deferred', reason: 'AccessDenied no' });
  });

  it('says so, and changes nothing, if somebody has disabled the rule', async () => {
    lifecycle = rules('<Rule><ID>sendoff-expires-3d</ID><Status>Disabled</Status></Rule>');
    const before = lifecycle;
    expect(await deliver()).toMatchObject({
      kind: 'delivered',
      note: expect.stringMatching(/the rule is there, but it is disabled$/),
    });
    expect(lifecycle).toBe(before);
  });

  it('writes no object, and says so, if the lifecycle does not answer', async () => {
    script = withLifecycle(() => ({ status: 500, code: 'InternalError' }));
    expect(await deliver()).toMatchObject({
      kind: 'deferred',
      reason: expect.stringMatching(/^the lifecycle of the bucket failed, so the object was not written/),
    });
    expect(objects).toEqual([]);
  });

  it.each([
    [404, 'NoSuchBucket', 'deferred'],
    [403, 'AccessDenied', 'deferred'],
    [403, 'AllAccessDisabled', 'deferred'],
    [403, 'InvalidAccessKeyId', 'deferred'],
    [403, 'SignatureDoesNotMatch', 'deferred'],
    [503, 'SlowDown', 'deferred'],
    [400, 'InvalidBucketName', 'refused'],
    [400, 'KeyTooLongError', 'refused'],
  ])('of a store that answers %i %s is %s', async (status, code, kind) => {
    script = () => ({ status, code });
    expect(await deliver()).toMatchObject({ kind });
  });

  it.each([201, 204])('is delivered to a store that answers a put with %i', async (status) => {
    script = (request, body) =>
      request.method === 'PUT' && bucket(request, body) !== undefined ? { status } : bucket(request, body);
    expect(await deliver()).toEqual({ kind: 'delivered', location: expect.any(String) as string });
    expect(objects).toHaveLength(1);
  });

  it.each<[what: string, reply: Reply]>([
    ['nothing but a status', { status: 304 }],
    ['half a document', { status: 400, body: '<Error><Code>Inv' }],
  ])('has a reason also if the store refuses with %s', async (_what, reply) => {
    script = (request, body) => (request.method === 'PUT' ? reply : bucket(request, body));
    expect(await deliver()).toMatchObject({ kind: 'deferred', reason: expect.stringContaining('gave no reason') as string });
    const unlimited = await destination.deliver(notification, { ...target, expiresDays: 0 }, new AbortController().signal);
    expect(unlimited).toMatchObject({ kind: 'deferred', reason: expect.stringContaining('gave no reason') as string });
  });

  it('keeps the rules of others byte for byte', async () => {
    const mine = [rule('007'), '<Rule><ID>b</ID><Filter><Prefix> 0012/ </Prefix></Filter></Rule>'];
    lifecycle = rules(...mine);
    expect(await deliver()).toEqual({ kind: 'delivered', location: expect.any(String) });
    expect(lifecycle).toContain(mine.join(''));
    expect(lifecycle.match(/<Rule>/g)).toHaveLength(3);
  });

  it.each([
    ['a namespace', rules(rule('a'), rule('b', 'Rule xmlns="x"'))],
    ['a prefix', rules(rule('a'), rule('b', 's3:Rule'))],
    ['CDATA with the end of a rule', rules('<Rule><ID><![CDATA[</Rule>]]></ID></Rule>')],
    ['a comment with the beginning of a rule', rules('<!-- <Rule> -->', rule('a'))],
    ['only rules of another form', rules(rule('b', 'Rule xmlns="x"'))],
  ])('leaves a lifecycle with %s as it is', async (_, text) => {
    lifecycle = text;
    expect(await deliver()).toMatchObject({ kind: 'delivered', note: expect.stringMatching(/cannot keep unchanged/) });
    expect(lifecycle).toBe(text);
    expect(objects).toHaveLength(1);
  });

  it('says so if the store did not keep the rule', async () => {
    script = withLifecycle((request) =>
      request.method === 'GET' ? { status: 404, code: 'NoSuchLifecycleConfiguration' } : { status: 200 },
    );
    expect(await deliver()).toMatchObject({ kind: 'delivered', note: expect.stringMatching(/the store did not keep it$/) });
  });
});
