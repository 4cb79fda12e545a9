/**
 * Goal: an event is bound to the function that has the name at its acceptance, and so are its
 * function targets. Method: a whole ingress over the in-memory broker; a function is removed and
 * made anew under its name.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { aPolicy } from '#testing';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;
const urnOf = (name: string, version = 'latest') => `urn:fss:local:${IngressApp.project}:function:default:${name}:${version}`;
beforeAll(async () => {
  app = await IngressApp.start();
});
afterAll(() => app?.close());

const idOf = async (name: string) => String((await app.must('GET', `/fgs/functions/${name}/config`)).func_id);
const remake = async (name: string) => {
  await app.call('DELETE', `/fgs/functions/${name}`);
  await app.createFunction(name);
};
/** The headers of a new invocation. */
const invoke = async (name: string) => {
  const { request_id: id } = await app.must('POST', `/fgs/functions/${name}/invocations-async`, {});
  return app.recordsOf('invocations').find(({ headers }) => headers['request-id'] === id)?.headers;
};

it('an invocation carries the id of its function, and that of the function which its policy names', async () => {
  const [source, target] = [await app.aFunction(), await app.aFunction()];
  const functionUrn = urnOf(target);
  const destinations = { onFailure: { type: 'FunctionGraph', functionUrn } } as const;
  await app.store(aPolicy({ functionUrn: urnOf(source), destinations }));
  for (const event of ['before', 'after']) {
    const functionId = await idOf(target);
    const headers = await invoke(source);
    expect([event, headers?.['function-id']]).toEqual([event, await idOf(source)]);
    expect(JSON.parse(headers?.['destinations'] ?? '')).toEqual({
      onFailure: { type: 'FunctionGraph', functionUrn, functionId },
    });
    await remake(target);
    expect(await idOf(target)).not.toBe(functionId);
  }
});

it('a version that is published again under its name has another id', async () => {
  const name = await app.published('v1');
  const before = (await invoke(urnOf(name, 'v1')))?.['function-id'];
  await app.call('DELETE', `/fgs/functions/${urnOf(name, 'v1')}`);
  await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
  expect(before).toMatch(/^[0-9a-f-]{36}$/);
  expect((await invoke(urnOf(name, 'v1')))?.['function-id']).not.toBe(before);
});

it('a record of the Kafka door that names another id than the function has is rejected', async () => {
  const name = await app.aFunction();
  const old = await idOf(name);
  const send = async (id: string) =>
    app.produce('{}', { 'sendoff-function': name, 'sendoff-project': IngressApp.project, 'sendoff-function-id': id });
  const accepted = app.recordsOf('invocations').length;
  await send(old);
  await app.kafka.waitFor('sendoff.invocations', accepted + 1);
  await remake(name);
  const rejected = app.recordsOf('rejects').length;
  await send(old);
  const rejects = await app.kafka.waitFor('sendoff.rejects', rejected + 1);
  expect(rejects.map(({ headers }) => headers['reject-reason'])).toContainEqual(expect.stringContaining('function-unknown'));
  await send(await idOf(name));
  await app.kafka.waitFor('sendoff.invocations', accepted + 2);
});
