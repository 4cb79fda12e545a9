import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp } from '../../testing/ingress-app.ts';

let app: IngressApp;

beforeAll(async () => {
  app = await IngressApp.start();
  await app.createFunction('hello');
});
afterAll(() => app?.close());

describe('an unsupported feature', () => {
  it.each<[path: string, body: unknown]>([
    ['/fgs/triggers', { triggers: [], next_marker: 0, count: 0 }],
    ['/fgs/triggers/hello', []],
    ['/fgs/functions/hello/events', { events: [], next_marker: 0, count: 0 }],
    ['/fgs/dependencies?maxitems=100&marker=0', { dependencies: [], next_marker: 0, count: 0 }],
    ['/fgs/quotas', { quotas: { resources: [] } }],
  ])('has an empty answer at %s', async (path, body) => {
    expect(await app.call('GET', path)).toMatchObject({ status: 200, body });
  });

  it('answers 204 when a client deletes the triggers of a function', async () => {
    expect((await app.call('DELETE', '/fgs/triggers/hello')).status).toBe(204);
  });

  it.each([
    ['GET', '/fgs/triggers/nobody'],
    ['DELETE', '/fgs/triggers/nobody'],
    ['GET', '/fgs/functions/nobody/events'],
    ['GET', '/fgs/functions/nobody/lts-log-detail'],
  ])('is refused for an unknown function: %s %s', async (method, path) => {
    expect(await app.refusal(method, path)).toEqual([404, 'FSS.1051']);
  });

  it('has no operation that creates an item', async () => {
    expect(await app.refusal('POST', '/fgs/triggers/hello', { trigger_type_code: 'TIMER' })).toEqual([404, 'FSS.0404']);
  });
});

describe('the log settings of a function', () => {
  const shown = async (name: string) => (await app.call('GET', `/fgs/functions/${name}/lts-log-detail`)).body;

  it('are those of its log_config', async () => {
    const log = { group_name: 'a', group_id: 'b', stream_id: 'c', stream_name: 'd' };
    expect(await shown(await app.aFunction({ log_config: log }))).toEqual(log);
  });

  it.each([
    ['is missing', {}],
    ['has values that are not strings', { log_config: { group_name: 1, stream_id: ['a'] } }],
  ])('are empty if its log_config %s', async (_what, more) => {
    const empty = { group_name: '', group_id: '', stream_id: '', stream_name: '' };
    expect(await shown(await app.aFunction(more))).toEqual(empty);
  });
});
