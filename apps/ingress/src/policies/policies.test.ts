/**
 * Goal: asynchronous configurations are set, shown, listed and removed as the API documents. Each
 * refusal has its code and message, and each invocation carries the configuration in force.
 * Method: a whole ingress over the in-memory broker with a manual clock. The tests read accepted
 * invocations from the topics. `policy-targets.test.ts` tests the targets.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeInvocation, type Invocation } from '#contracts';
import { builtAt, ManualClock } from '#testing';
import { type IngressApp, inlineCode } from '../../testing/ingress-app.ts';
import { onSuccess, pathOf, policyCalls, startPolicyApp, to, urnOf, bareUrn } from '../../testing/policy-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await startPolicyApp({ clock: new ManualClock(builtAt) });
});
afterAll(async () => app.close());

const { set, show, refused, aFunction } = policyCalls(() => app);

/** An instant in the form of the API, some seconds later. */
const later = (time: string, seconds: number) =>
  `${new Date(Date.parse(time) + seconds * 1_000).toISOString().slice(0, 19)}+00:00`;

const defaults = {
  max_async_event_age_in_seconds: 3_600,
  max_async_retry_attempts: 1,
  destination_config: {},
  created_time: expect.stringMatching(/^2027-01-15T\d\d:\d\d:\d\d\+00:00$/),
  last_modified: expect.stringMatching(/^2027-01-15T\d\d:\d\d:\d\d\+00:00$/),
  enable_async_status_log: false,
  retry_wait_base_in_seconds: 1,
  retry_wait_max_in_seconds: 300,
};

describe('an asynchronous configuration', () => {
  it('has every default for an empty body', async () => {
    const name = await aFunction();
    expect(await set(name, {})).toEqual({ func_urn: urnOf(name), ...defaults });
    expect(await show(name)).toEqual({ func_urn: urnOf(name), ...defaults });
  });

  it('has all fields of its body', async () => {
    const name = await aFunction();
    const body = {
      max_async_event_age_in_seconds: 60,
      max_async_retry_attempts: 3,
      destination_config: {
        on_success: to('OBS', { bucket: 'results', prefix: '/success', expires: 5 }),
        on_failure: to('SMN', { topic_urn: 'urn:smn:local:p1:news' }),
      },
      enable_async_status_log: true,
      log_group_id: 'group-id',
      log_stream_id: 'stream-id',
      log_group_name: 'group',
      log_stream_name: 'stream',
      retry_wait_base_in_seconds: 0.5,
      retry_wait_max_in_seconds: 7,
    };
    expect(await set(name, body)).toEqual({ func_urn: urnOf(name), ...defaults, ...body });
    expect(await show(name)).toEqual({ func_urn: urnOf(name), ...defaults, ...body });
  });

  it('is replaced as a whole, except its time of creation', async () => {
    const name = await aFunction();
    const { created_time: madeAt } = await set(name, {
      max_async_retry_attempts: 3,
      enable_async_status_log: true,
      log_group_name: 'group',
      ...onSuccess(to('DIS', { stream_name: 'orders' })),
    });
    await app.clock.advance(90_000);
    const replaced = await set(name, {});
    expect(replaced).toEqual({ func_urn: urnOf(name), ...defaults, created_time: madeAt, last_modified: later(madeAt, 90) });
    expect(await show(name)).toEqual(replaced);
    await app.must('DELETE', pathOf(name));
    expect(await set(name, {})).toMatchObject({ created_time: later(madeAt, 90), last_modified: later(madeAt, 90) });
  });

  it('is removed with 204 and no body, once', async () => {
    const name = await aFunction();
    await set(name, {});
    const removed = await app.call('DELETE', pathOf(name));
    expect([removed.status, removed.body]).toEqual([204, undefined]);
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await app.call(method, pathOf(name));
      expect([status, body]).toEqual([
        404,
        { error_code: 'FSS.0404', error_msg: `the function has no asynchronous configuration: ${name}` },
      ]);
    }
  });

  it('is deleted with its function, and stays deleted for a new one of that name', async () => {
    const name = await aFunction();
    await set(name, {});
    await app.must('DELETE', `/fgs/functions/${name}`);
    expect(await app.refusal('GET', pathOf(name))).toEqual([404, 'FSS.1051']);
    await app.createFunction(name);
    expect(await app.refusal('GET', pathOf(name))).toEqual([404, 'FSS.0404']);
  });

  it.each<[what: string, urn: string, status: number, code: string]>([
    ['an unknown function', 'nowhere', 404, 'FSS.1051'],
    ['an unknown version', urnOf('target', 'v9'), 404, 'FSS.1052'],
    ['an unknown alias', urnOf('target', '!none'), 404, 'FSS.1053'],
    ['a function of another region', 'urn:fss:elsewhere:p1:function:default:target', 404, 'FSS.1051'],
    ['a function of another project', 'urn:fss:local:p2:function:default:target', 403, 'FSS.0403'],
    ['a URN of five fields', 'a:b:c:d:e', 400, 'FSS.1309'],
  ])('of %s is refused by every operation', async (_what, urn, status, code) => {
    for (const [method, path, body] of [
      ['PUT', pathOf(urn), {}],
      ['GET', pathOf(urn)],
      ['DELETE', pathOf(urn)],
      ['GET', `${pathOf(urn)}s`],
    ] as const)
      expect([method, ...(await app.refusal(method, path, body))]).toEqual([method, status, code]);
  });

  it('is found by every form of a URN', async () => {
    const name = await aFunction();
    for (const form of [
      name,
      `default:${name}`,
      `p1:default:${name}`,
      `p1:default:${name}:latest`,
      bareUrn(name),
      urnOf(name),
      encodeURIComponent(urnOf(name)),
    ]) {
      expect([form, (await set(form, {})).func_urn]).toEqual([form, urnOf(name)]);
      expect([form, (await show(form)).func_urn]).toEqual([form, urnOf(name)]);
      expect([form, (await app.call('DELETE', pathOf(form))).status]).toEqual([form, 204]);
    }
  });

  it('belongs to one version, and a new version copies that of latest', async () => {
    const name = await aFunction();
    await set(name, { max_async_retry_attempts: 3 });
    await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
    expect(await show(urnOf(name, 'v1'))).toMatchObject({ func_urn: urnOf(name, 'v1'), max_async_retry_attempts: 3 });
    await set(`p1:default:${name}:v1`, { max_async_retry_attempts: 2 });
    expect([(await show(name)).max_async_retry_attempts, (await show(urnOf(name, 'v1'))).max_async_retry_attempts]).toEqual([
      3, 2,
    ]);
    await app.must('DELETE', pathOf(urnOf(name, 'v1')));
    expect(await app.refusal('GET', pathOf(urnOf(name, 'v1')))).toEqual([404, 'FSS.0404']);
    expect((await show(name)).max_async_retry_attempts).toBe(3);
  });
});

describe('a field', () => {
  it.each<[field: string, values: readonly unknown[], more?: Record<string, unknown>]>([
    ['max_async_retry_attempts', [0, 1, 2, 3]],
    ['max_async_event_age_in_seconds', [1, 10, 60, 86_400]],
    ['retry_wait_base_in_seconds', [0.05, 1, 3_600]],
    ['retry_wait_max_in_seconds', [0.05, 1, 86_400], { retry_wait_base_in_seconds: 0.05 }],
    ['enable_async_status_log', [true, false]],
    ['log_group_id', ['x'.repeat(64)]],
    ['log_stream_id', ['x'.repeat(64)]],
    ['log_group_name', ['x'.repeat(64), 'a.b_c-d']],
    ['log_stream_name', ['x'.repeat(64), '_a']],
  ])('named %s may be %j', async (field, values, more) => {
    const name = await aFunction();
    for (const value of values) expect((await set(name, { ...more, [field]: value }))[field]).toBe(value);
  });

  const integer = 'must be an integer number';
  const logName = (side: string) => `log_${side}_name must be 1..64 letters, digits, -, _ or ., and begin with no dot`;
  it.each<[body: Record<string, unknown>, message: string]>([
    [{ max_async_retry_attempts: -1 }, 'max_async_retry_attempts must not be less than 0'],
    [{ max_async_retry_attempts: 4 }, 'max_async_retry_attempts must not be greater than 3'],
    [{ max_async_retry_attempts: 1.5 }, `max_async_retry_attempts ${integer}`],
    [{ max_async_retry_attempts: '1' }, `max_async_retry_attempts ${integer}`],
    [{ max_async_retry_attempts: true }, `max_async_retry_attempts ${integer}`],
    [{ max_async_retry_attempts: [1] }, `max_async_retry_attempts ${integer}`],
    [{ max_async_event_age_in_seconds: 0 }, 'max_async_event_age_in_seconds must not be less than 1'],
    [{ max_async_event_age_in_seconds: 86_401 }, 'max_async_event_age_in_seconds must not be greater than 86400'],
    [{ max_async_event_age_in_seconds: '60' }, `max_async_event_age_in_seconds ${integer}`],
    [{ max_async_event_age_in_seconds: 0.5 }, `max_async_event_age_in_seconds ${integer}`],
    [{ retry_wait_base_in_seconds: 0.049 }, 'retry_wait_base_in_seconds must not be less than 0.05'],
    [{ retry_wait_base_in_seconds: 3_600.1 }, 'retry_wait_base_in_seconds must not be greater than 3600'],
    [{ retry_wait_base_in_seconds: '1' }, 'retry_wait_base_in_seconds must be a number'],
    [{ retry_wait_max_in_seconds: 0.049 }, 'retry_wait_max_in_seconds must not be less than 0.05'],
    [{ retry_wait_max_in_seconds: 86_400.1 }, 'retry_wait_max_in_seconds must not be greater than 86400'],
    [{ retry_wait_max_in_seconds: {} }, 'retry_wait_max_in_seconds must be a number'],
    [
      { retry_wait_base_in_seconds: 2, retry_wait_max_in_seconds: 1.999 },
      'retry_wait_max_in_seconds must be at least retry_wait_base_in_seconds',
    ],
    [{ retry_wait_max_in_seconds: 0.999 }, 'retry_wait_max_in_seconds must be at least retry_wait_base_in_seconds'],
    [{ enable_async_status_log: 'true' }, 'enable_async_status_log must be a boolean value'],
    [{ enable_async_status_log: 1 }, 'enable_async_status_log must be a boolean value'],
    [{ log_group_id: 'x'.repeat(65) }, 'log_group_id must be shorter than or equal to 64 characters'],
    [{ log_stream_id: 5 }, 'log_stream_id must be a string'],
    [{ log_group_name: 'x'.repeat(65) }, logName('group')],
    [{ log_group_name: '..' }, logName('group')],
    [{ log_stream_name: 'a/b' }, logName('stream')],
    [{ log_stream_name: {} }, 'log_stream_name must be a string'],
    [{ destination_config: [] }, 'destination_config must be an object'],
    [{ destination_config: 'OBS' }, 'destination_config must be an object'],
    [onSuccess('OBS'), 'destination_config.on_success must be an object'],
    [onSuccess({ destination: 5 }), 'destination_config.on_success.destination must be a string'],
    [
      onSuccess({ destination: 'x'.repeat(33) }),
      'destination_config.on_success.destination must be shorter than or equal to 32 characters',
    ],
    [onSuccess({ destination: 'OBS', param: { bucket: 'results' } }), 'destination_config.on_success.param must be a string'],
    [
      onSuccess({ destination: 'OBS', param: 'x'.repeat(4_097) }),
      'destination_config.on_success.param must be shorter than or equal to 4096 characters',
    ],
    [{ foo: 1 }, 'foo is not a field of this body'],
    [{ destination_config: { foo: 1 } }, 'destination_config.foo is not a field of this body'],
    [onSuccess({ foo: 1 }), 'destination_config.on_success.foo is not a field of this body'],
  ])('of %j is refused, and nothing changes', async (body, message) => {
    const name = await aFunction();
    const before = await set(name, { max_async_retry_attempts: 2 });
    expect(await refused(name, body)).toEqual([400, 'FSS.0400', message]);
    expect(await show(name)).toEqual(before);
  });

  it.each<[what: string, body: unknown, status: number, code: string]>([
    ['no body', undefined, 400, 'FSS.0400'],
    ['a list', [], 400, 'FSS.0400'],
    ['null', 'null', 400, 'FSS.0400'],
    ['text that is not JSON', '{', 406, 'FSS.0406'],
  ])('cannot be read from %s', async (_what, body, status, code) => {
    expect((await refused('target', body)).slice(0, 2)).toEqual([status, code]);
    expect(await app.refusal('GET', pathOf('target'))).toEqual([404, 'FSS.0404']);
  });

  it.each<[what: string, body: Record<string, unknown>]>([
    ['null', { max_async_retry_attempts: null, max_async_event_age_in_seconds: null, destination_config: null }],
    ['null for extensions of Sendoff', { retry_wait_base_in_seconds: null, enable_async_status_log: null, log_group_name: null }],
    ['null on both sides', { destination_config: { on_success: null, on_failure: null } }],
    ['an empty name', { log_group_id: '', log_stream_id: '', log_group_name: '', log_stream_name: '' }],
    ['an empty destination', { destination_config: { on_success: { destination: '', param: '{}' } } }],
    ['a param without a destination', { destination_config: { on_failure: { param: '{"bucket":"results"}' } } }],
    ['an empty object for each side', { destination_config: { on_success: {}, on_failure: {} } }],
  ])('left blank with %s takes its default', async (_what, body) => {
    const name = await aFunction();
    expect(await set(name, body)).toEqual({ func_urn: urnOf(name), ...defaults });
  });
});

describe('the list of configurations', () => {
  let name: string;
  const versions = Array.from({ length: 11 }, (_, index) => `v${String(index + 1).padStart(2, '0')}`);
  const all = ['latest', ...versions];
  beforeAll(async () => {
    name = await aFunction();
    await set(name, { max_async_retry_attempts: 2 });
    for (const version of versions) {
      await app.must('PUT', `/fgs/functions/${name}/code`, inlineCode(version));
      await app.must('POST', `/fgs/functions/${name}/versions`, { version });
    }
  });

  const list = (urn: string, query = '') => app.must('GET', `${pathOf(urn)}s${query}`);

  it.each<[query: string, shown: readonly string[], next: number, previous: number]>([
    ['', all.slice(0, 10), 10, 0],
    ['?limit=', all.slice(0, 10), 10, 0],
    ['?limit=0', all.slice(0, 10), 10, 0],
    ['?limit=1', all.slice(0, 1), 1, 0],
    ['?limit=5&marker=5', all.slice(5, 10), 10, 0],
    ['?limit=3&marker=8', all.slice(8, 11), 11, 5],
    ['?limit=4&marker=8', all.slice(8), 0, 4],
    ['?limit=100', all, 0, 0],
    ['?limit=101', all, 0, 0],
    ['?marker=10', all.slice(10), 0, 0],
    ['?marker=12', [], 0, 2],
    ['?marker=99', [], 0, 89],
  ])('pages by the query %j', async (query, shown, next, previous) => {
    const { async_invoke_configs: configs, ...rest } = await list(name, query);
    expect(configs.map(({ func_urn: urn }: { func_urn: string }) => urn)).toEqual(shown.map((version) => urnOf(name, version)));
    expect(rest).toEqual({
      count: 12,
      page_info: { next_marker: next, previous_marker: previous, current_count: shown.length },
    });
  });

  it('has each as it is shown, for any version of the function', async () => {
    const [first] = (await list(name)).async_invoke_configs;
    expect(first).toEqual(await show(name));
    expect(await list(urnOf(name, 'v03'))).toEqual(await list(name));
  });

  it('is empty without configurations', async () => {
    expect(await list('target')).toEqual({
      async_invoke_configs: [],
      count: 0,
      page_info: { next_marker: 0, previous_marker: 0, current_count: 0 },
    });
  });

  it.each(['limit=-1', 'limit=x', 'limit=1.5', 'marker=-1', 'marker=x'])('refuses %s', async (query) => {
    expect(await app.refusal('GET', `${pathOf(name)}s?${query}`)).toEqual([400, 'FSS.1001']);
  });
});

describe('an invocation', () => {
  const stampedOn = async (name: string) => {
    const { request_id: requestId } = await app.must('POST', `/fgs/functions/${name}/invocations-async`, {});
    const { acceptedAt, expiresAt, policy } = app
      .recordsOf('invocations')
      .map(decodeInvocation)
      .find((invocation) => invocation.requestId === requestId) as Invocation;
    return [policy.retriesMax, expiresAt - acceptedAt, policy.backoff, policy.destinations];
  };
  const backoff = { baseMs: 1_000, maxMs: 300_000 };

  it('carries the configuration in force, if one is set', async () => {
    const name = await aFunction();
    expect(await stampedOn(name)).toEqual([0, 3_600_000, backoff, {}]);
    await set(name, {});
    expect(await stampedOn(name)).toEqual([1, 3_600_000, backoff, {}]);
    await set(name, {
      max_async_retry_attempts: 3,
      max_async_event_age_in_seconds: 1,
      retry_wait_base_in_seconds: 0.05,
      retry_wait_max_in_seconds: 0.1,
      destination_config: { on_failure: to('DIS', { stream_name: 'orders' }) },
    });
    expect(await stampedOn(name)).toEqual([
      3,
      1_000,
      { baseMs: 50, maxMs: 100 },
      { onFailure: { type: 'DIS', streamName: 'orders' } },
    ]);
    await app.must('DELETE', pathOf(name));
    expect(await stampedOn(name)).toEqual([0, 3_600_000, backoff, {}]);
  });
});
