/**
 * Goal: a record of the Kafka door that is not an event is rejected with its reason. Method: a
 * whole ingress over the in-memory broker.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
  await app.createFunction('hello');
});
afterAll(() => app?.close());

it.each<[what: string, value: string | Buffer | null]>([
  ['not there', null],
  ['empty', ''],
  ['cut short', '{"a":'],
  ['not UTF-8', Buffer.from('{"a":"\xff"}', 'latin1')],
])('a record whose value is %s is rejected, and no invocation comes of it', async (_what, value) => {
  const before = app.recordsOf('rejects').length;
  await app.produce(value, { 'sendoff-function': 'hello', 'sendoff-project': IngressApp.project });
  const rejects = await app.kafka.waitFor('sendoff.rejects', before + 1);
  const reasons = rejects.map(({ headers }) => headers['reject-reason']);
  expect(reasons).toEqual(Array(before + 1).fill('CONTRACT_VIOLATED: the value is not JSON'));
  expect(app.recordsOf('invocations')).toEqual([]);
});

it('a record of a version that this release does not read is rejected, because a caller must not make others wait', async () => {
  const before = app.recordsOf('rejects').length;
  const headers = { 'sendoff-function': 'hello', 'sendoff-project': IngressApp.project };
  await app.produce('{}', { ...headers, 'sendoff-format-version': '2' });
  const rejects = await app.kafka.waitFor('sendoff.rejects', before + 1);
  expect(rejects.at(-1)?.headers['reject-reason']).toBe(
    'CONTRACT_VIOLATED: header sendoff-format-version is 2; this release reads versions up to 1',
  );
  await app.produce('{}', { ...headers, 'sendoff-format-version': '1' });
  expect(await app.kafka.waitFor('sendoff.invocations', 1)).toHaveLength(1);
});

it('a record with malformed tags is rejected with the rule, and tags of another are written with its invocation', async () => {
  const before = app.recordsOf('rejects').length;
  const headers = { 'sendoff-function': 'hello', 'sendoff-project': IngressApp.project };
  await app.produce('{}', { ...headers, 'sendoff-tags': 'a b' });
  const rejects = await app.kafka.waitFor('sendoff.rejects', before + 1);
  expect(rejects.at(-1)?.headers['reject-reason']).toContain('sendoff-tags must hold up to 8 names');
  const accepted = app.recordsOf('invocations').length;
  await app.produce('{}', { ...headers, 'sendoff-tags': 'b,a' });
  // Records of a topic are listed by partition, so the new one may stand anywhere.
  const written = await app.kafka.waitFor('sendoff.invocations', accepted + 1);
  expect(written.map((record) => record.headers['tags'])).toContain('a,b');
});

it('a reject says why and for which version a record was refused, and not what its producer says of it', async () => {
  const to = (name: string) => ({ 'sendoff-function': name, 'sendoff-project': IngressApp.project });
  const hello = `urn:fss:local:${IngressApp.project}:function:default:hello:latest`;
  const refused: readonly [headers: Record<string, string>, code: string, functionUrn: string | undefined][] = [
    [{ ...to('hello'), 'sendoff-tags': 'a b' }, 'record-malformed', hello],
    [to(`${IngressApp.project}:default:hello:v7`), 'version-unknown', hello],
    [to(`${IngressApp.project}:default:hello:!blue`), 'alias-unknown', hello],
    [{ ...to('nobody'), 'reject-function': hello, 'reject-code': 'other' }, 'function-unknown', undefined],
    [to('other:default:hello'), 'project-foreign', undefined],
    [to('a b'), 'urn-malformed', undefined],
    [{ 'reject-function': hello }, 'record-malformed', undefined],
  ];
  for (const [headers, code, functionUrn] of refused) {
    const before = app.recordsOf('rejects').length;
    await app.produce('{}', headers);
    const reject = (await app.kafka.waitFor('sendoff.rejects', before + 1)).at(-1)?.headers ?? {};
    expect([reject['reject-code'], reject['reject-function']]).toEqual([code, functionUrn]);
    expect(reject['reject-project']).toBe(functionUrn === undefined ? undefined : IngressApp.project);
  }
});
