/**
 * Goal: functions are shown, listed and changed as the API promises, and what is secret is never shown. Method: a whole ingress over the
 * in-memory broker; what it keeps is read from the registry topic.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FunctionDocument, PlatformError, userDataOwner } from '#contracts';
import { Sealer } from '#platform';
import { functionBody, IngressApp, inlineCode } from '../../../test/ingress-app.ts';

const platformKey = 'a-platform-key-of-32-characters-at-least';
let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start({ env: { SENDOFF_PLATFORM_KEY: platformKey } });
});
afterAll(async () => app.close());

const required = { runtime: 'Node.js20.15', handler: 'index.handler', timeout: 5, memory_size: 128 };

const update = async (name: string, more: Record<string, unknown> = {}) =>
  app.must('PUT', `/fgs/functions/${name}/config`, { func_name: name, ...required, ...more });
const show = async (name: string) => app.must('GET', `/fgs/functions/${name}/config`);

describe('a changed configuration', () => {
  it('leaves code, scaling and what is only kept, where it does not speak of them', async () => {
    const name = await app.aFunction({
      strategy_config: { concurrency: 3, concurrent_num: 2 },
      tags: { team: 'a' },
      mount_config: { a: 1 },
      description: 'first',
      xrole: 'role',
    });
    const before = await show(name);
    const after = await update(name, { timeout: 9, mount_config: { b: 2 } });
    expect(after).toMatchObject({
      timeout: 9,
      digest: before.digest,
      strategy_config: { concurrency: 3, concurrent_num: 2 },
      tags: { team: 'a' },
      mount_config: { b: 2 },
      description: '',
      xrole: '',
    });
    expect(await show(name)).toEqual(after);
    expect((await update(name, { strategy_config: { concurrency: 0 } })).strategy_config).toEqual({
      concurrency: 0,
      concurrent_num: 2,
    });
  });

  it.each<[what: string, more: Record<string, unknown>, code: string]>([
    ['another name', { func_name: 'other' }, 'FSS.1002'],
    ['another kind of runtime', { runtime: 'http' }, 'FSS.1005'],
    ['a runtime that is not here', { runtime: 'Python3.9' }, 'FSS.1005'],
    ['no handler', { handler: undefined }, 'FSS.1003'],
    ['a handler without export', { handler: 'index' }, 'FSS.1003'],
    ['a handler that leads out', { handler: '../index.handler' }, 'FSS.1003'],
    ['a handler with an absolute path', { handler: '/index.handler' }, 'FSS.1003'],
    ['an initializer that leads out', { initializer_handler: 'a/../../b.init' }, 'FSS.1003'],
    ['a timeout of 2 s', { timeout: 2 }, 'FSS.1008'],
    ['an odd memory size', { memory_size: 129 }, 'FSS.1007'],
    ['more than 1000 instances', { strategy_config: { concurrency: 1_001 } }, 'FSS.1026'],
    ['user data that is no JSON', { user_data: '{' }, 'FSS.1009'],
    ['user data that is a list', { user_data: '[]' }, 'FSS.1009'],
    ['user data that is no text', { user_data: {} }, 'FSS.1009'],
    ['encrypted user data that is no JSON', { encrypted_user_data: '{' }, 'FSS.1009'],
    ['encrypted user data that is no text', { encrypted_user_data: {} }, 'FSS.1009'],
    ['21 entries of user data', { user_data: entries(21) }, 'FSS.1017'],
    ['21 entries of encrypted user data', { encrypted_user_data: entries(21) }, 'FSS.1017'],
    ['user data over 4 KB', { user_data: JSON.stringify({ a: 'x'.repeat(4_096) }) }, 'FSS.1018'],
    ['encrypted user data over 4 KB', { encrypted_user_data: JSON.stringify({ a: 'x'.repeat(4_096) }) }, 'FSS.1018'],
    ['a description over 512 characters', { description: 'x'.repeat(513) }, 'FSS.1019'],
  ])('with %s is refused, and changes nothing', async (_what, more, code) => {
    const name = await app.aFunction();
    const before = await show(name);
    const body = { func_name: name, ...required, ...more };
    expect(await app.refusal('PUT', `/fgs/functions/${name}/config`, body)).toEqual([400, code]);
    expect(await show(name)).toEqual(before);
  });

  it('may name a handler in a folder', async () => {
    const name = await app.aFunction();
    expect(await update(name, { handler: 'src/v1.2/main.handler' })).toMatchObject({ handler: 'src/v1.2/main.handler' });
  });

  it('may have 20 entries of user data', async () => {
    const name = await app.aFunction();
    expect((await update(name, { user_data: entries(20), encrypted_user_data: entries(20) })).user_data).toBe(entries(20));
  });
});

function entries(count: number): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v'])));
}

describe('what is only kept and shown', () => {
  const kept = (bytes: number) => 'x'.repeat(bytes - '{"tags":""}'.length);
  const message = (field: string) =>
    `${field} is too large: what is only kept and shown of a function may have 16384 bytes of JSON in all`;

  it('may have 16 KB of JSON in all', async () => {
    const name = await app.aFunction({ tags: kept(16_384) });
    expect((await show(name)).tags.length).toBe(kept(16_384).length);
  });

  it.each<[what: string, more: Record<string, unknown>, field: string]>([
    ['one field', { tags: kept(16_385) }, 'tags'],
    ['one field of a megabyte', { tags: 'x'.repeat(900_000) }, 'tags'],
    ['one field in which a letter has three bytes', { tags: '数'.repeat(5_500) }, 'tags'],
    ['several together', { func_vpc: { a: 'x'.repeat(9_000) }, mount_config: { a: 'x'.repeat(8_000) }, type: 'v2' }, 'func_vpc'],
  ])('is refused, by the name of the largest, where it is too much: %s', async (_what, more, field) => {
    const refused = { status: 400, body: { error_code: 'FSS.0400', error_msg: message(field) } };
    const name = await app.aFunction({ tags: 'before' });
    expect(await app.call('POST', '/fgs/functions', functionBody('never', more))).toMatchObject(refused);
    const body = { func_name: name, ...required, ...more };
    expect(await app.call('PUT', `/fgs/functions/${name}/config`, body)).toMatchObject(refused);
    expect((await show(name)).tags).toBe('before');
  });

  it('is every field that the API has for what is not here', async () => {
    const said = {
      custom_image: { enabled: false },
      depend_version_list: ['a'],
      domain_names: '[]',
      enable_auth_in_header: true,
      enable_class_isolation: true,
      enable_lts_log: true,
      ephemeral_storage: 10_240,
      extend_config: '{}',
      func_vpc: { vpc_id: 'a' },
      gpu_memory: 1_024,
      gpu_type: 'nvidia-t4',
      heartbeat_handler: 'index.heartbeat',
      is_stateful_function: true,
      log_config: { group_id: 'a' },
      lts_custom_tag: { team: 'orders' },
      mount_config: { mount_user: { user_id: '-1', user_group_id: '-1' } },
      network_controller: { disable_public_network: false },
      peering_cidr: '192.168.0.0/24',
      pre_stop_handler: 'index.stop',
      pre_stop_timeout: 10,
      restore_hook_handler: 'index.restore',
      restore_hook_timeout: 3,
      user_data_encrypt_kms_key_id: 'a',
    };
    const made = await app.aFunction({ ...said, code_encrypt_kms_key_id: 'b' });
    expect(await show(made)).toMatchObject({ ...said, code_encrypt_kms_key_id: 'b' });
    const changed = await app.aFunction();
    expect(await update(changed, said)).toMatchObject(said);
  });

  it('is what a body of code says of its dependencies and its key', async () => {
    const name = await app.aFunction();
    const said = { code_filename: 'a.zip', depend_version_list: ['a'], code_encrypt_kms_key_id: 'b' };
    await app.must('PUT', `/fgs/functions/${name}/code`, { ...inlineCode('x'), ...said, gpu_type: 'c' });
    const shown = await show(name);
    expect([shown.code_filename, shown.depend_version_list, shown.code_encrypt_kms_key_id, shown.gpu_type]).toEqual([
      'a.zip',
      ['a'],
      'b',
      undefined,
    ]);
  });

  it('counts what an earlier body said, and the name of the file', async () => {
    const name = await app.aFunction({ tags: kept(16_384) });
    for (const [path, body] of [
      ['config', { func_name: name, ...required, type: 'v2' }],
      ['code', { ...inlineCode('x'), code_filename: 'a' }],
    ] as const)
      expect((await app.call('PUT', `/fgs/functions/${name}/${path}`, body)).body).toEqual({
        error_code: 'FSS.0400',
        error_msg: message('tags'),
      });
    expect((await update(name, { tags: 'less', type: 'v2' })).type).toBe('v2');
  });
});

it('a function that is larger than a record may be is refused with 413', async () => {
  const { publisher } = app.kafka;
  const publishAsBefore = publisher.publish.bind(publisher);
  publisher.publish = () => Promise.reject(new PlatformError('RECORD_TOO_LARGE'));
  const refused = await app.call('POST', '/fgs/functions', functionBody('large'));
  publisher.publish = publishAsBefore;
  expect([refused.status, refused.body]).toEqual([
    413,
    { error_code: 'FSS.0413', error_msg: 'what would be kept is larger than a record may be; send less' },
  ]);
  expect(await app.refusal('GET', '/fgs/functions/large/config')).toEqual([404, 'FSS.1051']);
});

describe('encrypted user data', () => {
  /** As the registry keeps it, opened. */
  const opened = (name: string) => {
    const urn = `urn:fss:local:p1:function:default:${name}`;
    const written = app.recordsOf('registry').filter(({ key }) => key === `function/${urn}`);
    const document = JSON.parse(String(written.at(-1)?.value)) as FunctionDocument;
    const sealer = new Sealer(platformKey);
    const pairs = Object.entries(document.sealedUserData ?? {});
    return Object.fromEntries(pairs.map(([key, sealed]) => [key, sealer.open(sealed, userDataOwner(urn, key))]));
  };

  it('is shown blank and kept sealed', async () => {
    const name = await app.aFunction({ encrypted_user_data: '{"password":"hush-hush"}', user_data: '{"colour":"blue"}' });
    expect(await show(name)).toMatchObject({ encrypted_user_data: '{"password":""}', user_data: '{"colour":"blue"}' });
    await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
    const answers = [
      await app.must('GET', '/fgs/functions'),
      await app.must('GET', `/fgs/functions/${name}/versions`),
      app.recordsOf('registry').map(({ value }) => String(value)),
    ];
    expect(JSON.stringify(answers)).not.toContain('hush-hush');
    expect(opened(name)).toEqual({ password: 'hush-hush' });
  });

  it.each<[what: string, text: string | undefined, kept: Record<string, string>]>([
    ['keeps all of it without the field', undefined, { a: 'one', b: 'two' }],
    ['keeps all of it with a blank field', '', { a: 'one', b: 'two' }],
    ['keeps a value that comes back blank', '{"a":"","b":"three"}', { a: 'one', b: 'three' }],
    ['takes a blank value for a new name', '{"a":"","c":""}', { a: 'one', c: '' }],
    ['drops what is left out', '{"b":""}', { b: 'two' }],
    ['drops all of it with an empty object', '{}', {}],
    ['takes a value that is no text as JSON', '{"a":1}', { a: '1' }],
    ['takes names every object has as any other', '{"constructor":"","toString":"x"}', { constructor: '', toString: 'x' }],
  ])('a change %s', async (_what, text, kept) => {
    const name = await app.aFunction({ encrypted_user_data: '{"a":"one","b":"two"}' });
    await update(name, text === undefined ? {} : { encrypted_user_data: text });
    expect(opened(name)).toEqual(kept);
  });
});

describe('the list of functions', () => {
  const names = async (query: string) => {
    const answer = await lists.must('GET', `/fgs/functions${query}`);
    return [answer.functions.map((fn: { func_name: string }) => fn.func_name), answer.next_marker, answer.count];
  };
  let lists: IngressApp;
  beforeAll(async () => {
    lists = await IngressApp.start();
    for (const name of ['apple', 'pear', 'pineapple']) await lists.createFunction(name);
    await lists.createFunction('apple', { package: 'fruit' });
  });
  afterAll(async () => lists.close());

  it.each<[query: string, names: readonly string[], next: number, count: number]>([
    ['', ['apple', 'pear', 'pineapple', 'apple'], 4, 4],
    ['?maxitems=0', ['apple', 'pear', 'pineapple', 'apple'], 4, 4],
    ['?maxitems=401', ['apple', 'pear', 'pineapple', 'apple'], 4, 4],
    ['?maxitems=1', ['apple'], 1, 4],
    ['?marker=2&maxitems=1', ['pineapple'], 3, 4],
    ['?marker=9', [], 9, 4],
    ['?func_name=apple', ['apple', 'pineapple', 'apple'], 3, 3],
    ['?package_name=fruit', ['apple'], 1, 1],
    ['?package_name=fruit&func_name=pear', [], 0, 0],
  ])('%s', async (query, expected, next, count) => {
    expect(await names(query)).toEqual([expected, next, count]);
  });

  it.each(['maxitems=-1', 'maxitems=x', 'marker=-1'])('refuses %s', async (query) => {
    expect(await lists.refusal('GET', `/fgs/functions?${query}`)).toEqual([400, 'FSS.1001']);
  });
});
