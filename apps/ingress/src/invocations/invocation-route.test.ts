/**
 * Goal: both operations accept or refuse the same events, names and options. Method: a whole
 * ingress over the in-memory broker. If the form of bytes matters, the body is bytes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
  await app.listen();
  await app.createFunction('hello');
});
afterAll(() => app?.close());

const invoke = async (operation: string, body: unknown, name = 'hello', headers: Record<string, string> = {}) => {
  const token = { 'x-auth-token': IngressApp.token };
  const answer = await app.overHttp('POST', `/v2/p1/fgs/functions/${name}/${operation}`, body, { ...token, ...headers });
  return [answer.status, answer.body?.error_code];
};

describe.each(['invocations-async', 'invocations'])('%s', (operation) => {
  it.each<[what: string, name: string, body: unknown, status: number, code: string]>([
    ['a function of another project', 'p2:default:hello', {}, 403, 'FSS.0403'],
    ['a function of another project, in full', 'urn:fss:local:p2:function:default:hello:latest', {}, 403, 'FSS.0403'],
    ['a function of another region', 'urn:fss:elsewhere:p1:function:default:hello', {}, 404, 'FSS.1051'],
    ['bytes that are no UTF-8', 'hello', Buffer.from('{"a":"\xff"}', 'latin1'), 406, 'FSS.0406'],
    ['a byte order mark', 'hello', Buffer.from('\ufeff{}'), 406, 'FSS.0406'],
  ])('refuses %s', async (_what, name, body, status, code) => {
    expect(await invoke(operation, body, name)).toEqual([status, code]);
  });
});

it.each(['', '1.5', '-0', '-1', '+1', '1e3', '0x10', 'x', '86401', '0000000', '5, 5'])(
  'a delay of %j is refused',
  async (delay) => {
    expect(await invoke('invocations-async', {}, 'hello', { 'x-sendoff-delay-seconds': delay })).toEqual([400, 'FSS.0400']);
  },
);

it.each(['0', '00', ' 5', '86400'])('a delay of %j is taken', async (delay) => {
  expect(await invoke('invocations-async', {}, 'hello', { 'x-sendoff-delay-seconds': delay })).toEqual([202, undefined]);
});

it('tags are written with the invocation', async () => {
  expect(await invoke('invocations-async', {}, 'hello', { 'x-sendoff-tags': ' b, a ' })).toEqual([202, undefined]);
  const record = app.recordsOf('invocations').findLast(({ headers }) => headers['tags'] !== undefined);
  expect(record?.headers['tags']).toBe('a,b');
});

it.each(['a b', 'a,', 'x'.repeat(65), 'a,b,c,d,e,f,g,h,i'])('tags of %j are refused', async (tags) => {
  expect(await invoke('invocations-async', {}, 'hello', { 'x-sendoff-tags': tags })).toEqual([400, 'FSS.0400']);
});
