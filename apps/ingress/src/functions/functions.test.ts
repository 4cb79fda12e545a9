/**
 * Goal: the ingress shows, lists and changes functions as the API documents, and never returns a
 * secret.
 * Method: a whole ingress over the in-memory broker; the tests read stored documents from the
 * registry topic.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FunctionDocument, PlatformError, userDataOwner } from '#contracts';
import { functionBody, IngressApp } from '../../testing/ingress-app.ts';

const { functions: sealer } = await IngressApp.keys;
let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
});
afterAll(async () => app.close());

const required = { runtime: 'Node.js20.15', handler: 'index.handler', timeout: 5, memory_size: 128 };

const update = async (name: string, more: Record<string, unknown> = {}) =>
  app.must('PUT', `/fgs/functions/${name}/config`, { func_name: name, ...required, ...more });
const show = async (name: string) => app.must('GET', `/fgs/functions/${name}/config`);

describe('a configuration update', () => {
  it('keeps code, scaling and pass-through fields that its body leaves out', async () => {
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
    ['an unsupported runtime', { runtime: 'Python3.9' }, 'FSS.1005'],
    ['no handler', { handler: undefined }, 'FSS.1003'],
    ['a handler without export', { handler: 'index' }, 'FSS.1003'],
    ['a handler outside the code folder', { handler: '../index.handler' }, 'FSS.1003'],
    ['a handler with an absolute path', { handler: '/index.handler' }, 'FSS.1003'],
    ['an initializer outside the code folder', { initializer_handler: 'a/../../b.init' }, 'FSS.1003'],
    ['a timeout of 2 s', { timeout: 2 }, 'FSS.1008'],
    ['an odd memory size', { memory_size: 129 }, 'FSS.1007'],
    ['more than 1000 instances', { strategy_config: { concurrency: 1_001 } }, 'FSS.1026'],
    ['user data that is not JSON', { user_data: '{' }, 'FSS.1009'],
    ['user data that is a list', { user_data: '[]' }, 'FSS.1009'],
    ['user data that is not a string', { user_data: {} }, 'FSS.1009'],
    ['encrypted user data that is not JSON', { encrypted_user_data: '{' }, 'FSS.1009'],
    ['encrypted user data that is not a string', { encrypted_user_data: {} }, 'FSS.1009'],
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

  it('gets a later modifiedAt even if the clock stood still or went back', async () => {
    const name = await app.aFunction();
    const ofName = () => app.recordsOf('registry').filter(({ key }) => key?.endsWith(`:${name}`));
    const ahead = { ...JSON.parse(String(ofName().at(-1)?.value)), modifiedAt: app.clock.now() + 60_000 };
    await app.store(ahead);
    await update(name, { timeout: 6 });
    await update(name, { timeout: 7 });
    const instants = ofName().map((record) => JSON.parse(String(record.value)).modifiedAt - app.clock.now());
    expect(instants).toEqual([0, 60_000, 60_001, 60_002]);
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

it('a function that exceeds the size of a Kafka record is refused with 413', async () => {
  const { publisher } = app.kafka;
  const publishAsBefore = publisher.publish.bind(publisher);
  publisher.publish = () => Promise.reject(new PlatformError('RECORD_TOO_LARGE'));
  const refused = await app.call('POST', '/fgs/functions', functionBody('large'));
  publisher.publish = publishAsBefore;
  expect([refused.status, refused.body]).toEqual([
    413,
    { error_code: 'FSS.0413', error_msg: 'the document would be larger than a Kafka record may be; send less' },
  ]);
  expect(await app.refusal('GET', '/fgs/functions/large/config')).toEqual([404, 'FSS.1051']);
});

describe('encrypted user data', () => {
  /** The stored user data, decrypted. */
  const decrypted = (name: string) => {
    const urn = `urn:fss:local:p1:function:default:${name}`;
    const written = app.recordsOf('registry').filter(({ key }) => key === `function/${urn}`);
    const document = JSON.parse(String(written.at(-1)?.value)) as FunctionDocument;
    const pairs = Object.entries(document.sealedUserData ?? {});
    return Object.fromEntries(pairs.map(([key, sealed]) => [key, sealer.open(sealed, userDataOwner(urn, key))]));
  };

  it('is stored encrypted and returned blank', async () => {
    const name = await app.aFunction({ encrypted_user_data: '{"password":"hush-hush"}', user_data: '{"colour":"blue"}' });
    expect(await show(name)).toMatchObject({ encrypted_user_data: '{"password":""}', user_data: '{"colour":"blue"}' });
    await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
    const answers = [
      await app.must('GET', '/fgs/functions'),
      await app.must('GET', `/fgs/functions/${name}/versions`),
      app.recordsOf('registry').map(({ value }) => String(value)),
    ];
    expect(JSON.stringify(answers)).not.toContain('hush-hush');
    expect(decrypted(name)).toEqual({ password: 'hush-hush' });
  });

  it.each<[what: string, text: string | undefined, stored: Record<string, string>]>([
    ['without the field keeps all values', undefined, { a: 'one', b: 'two' }],
    ['with a blank field keeps all values', '', { a: 'one', b: 'two' }],
    ['with a blank value keeps the stored one', '{"a":"","b":"three"}', { a: 'one', b: 'three' }],
    ['with a blank value for a new name stores the blank', '{"a":"","c":""}', { a: 'one', c: '' }],
    ['that leaves a name out removes it', '{"b":""}', { b: 'two' }],
    ['with an empty object removes all values', '{}', {}],
    ['stores a value that is not a string as JSON', '{"a":1}', { a: '1' }],
    ['stores names that every JavaScript object has', '{"constructor":"","toString":"x"}', { constructor: '', toString: 'x' }],
  ])('is updated: a body %s', async (_what, text, stored) => {
    const name = await app.aFunction({ encrypted_user_data: '{"a":"one","b":"two"}' });
    await update(name, text === undefined ? {} : { encrypted_user_data: text });
    expect(decrypted(name)).toEqual(stored);
  });
});

describe('a project', () => {
  it('has a limit for functions that counts all packages but no versions', async () => {
    const small = await IngressApp.start({ env: { INGRESS_FUNCTIONS_MAX: '2' } });
    await small.publish('one', 'v1');
    await small.createFunction('one', { package: 'other' });
    const refused = await small.call('POST', '/fgs/functions', functionBody('two'));
    expect([refused.status, refused.body]).toEqual([
      403,
      { error_code: 'FSS.1041', error_msg: expect.stringContaining('a project may have 2 functions') },
    ]);
    expect(await small.refusal('POST', '/fgs/functions', functionBody('one'))).toEqual([409, 'FSS.1061']);
    await small.must('DELETE', '/fgs/functions/other:one');
    expect((await small.call('POST', '/fgs/functions', functionBody('two'))).status).toBe(200);
    await small.close();
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
    ['?package_name=&func_name=&marker=&maxitems=', ['apple', 'pear', 'pineapple', 'apple'], 4, 4],
  ])('has the matching page for the query "%s"', async (query, expected, next, count) => {
    expect(await names(query)).toEqual([expected, next, count]);
  });

  it.each(['maxitems=-1', 'maxitems=x', 'marker=-1'])('is refused for the query %s', async (query) => {
    expect(await lists.refusal('GET', `/fgs/functions?${query}`)).toEqual([400, 'FSS.1001']);
  });
});
