/**
 * Goal: what a user does with versions, aliases, zip functions and secrets, through public doors
 * only. Method: a whole installation; what a function returned is read from the object its success
 * leaves.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually, zipOf } from '#testing';
import { destination } from './client.ts';
import { Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  await installation.client.grantEverything();
  await installation.client.must('PUT', '/sendoff/buckets/results', {});
});
afterAll(async () => installation?.stop());

const leavingResults = {
  destination_config: { on_success: destination('OBS', { bucket: 'results', prefix: 'returned' }) },
};
const zipped = (files: Record<string, string>) => ({ code_type: 'zip', func_code: { file: zipOf(files).toString('base64') } });
const named = (name: string, qualifier: string) => `p1:default:${name}:${qualifier}`;
const sourceOf = (text: string) => ({ code_type: 'inline', func_code: { file: Buffer.from(text).toString('base64') } });

interface Notified {
  readonly request_context: { readonly function_urn: string };
  readonly response_payload: string;
}

/** Invokes, and waits for what success leaves. */
async function told(urn: string, headers: Record<string, string> = {}): Promise<Notified> {
  const { client } = installation;
  const answer = await client.call<{ request_id: string }>('POST', `/fgs/functions/${urn}/invocations-async`, {}, headers);
  expect(answer.status).toBe(202);
  const record = await client.delivered(urn, answer.body.request_id);
  return JSON.parse(await readFile(fileURLToPath(record.deliveries[0]?.location ?? ''), 'utf8')) as Notified;
}
const returned = async (urn: string, headers: Record<string, string> = {}) =>
  JSON.parse((await told(urn, headers)).response_payload) as unknown;

/** A function whose versions v1 and v2 say who they are; policies come with the publication. */
async function twoVersions(name: string): Promise<void> {
  const { client } = installation;
  const saying = (text: string) => `exports.handler = async (event, c) => ['${text}', c.getVersion(), c.getAlias()];`;
  await client.createFunction(name, saying('one'));
  await client.setPolicy(name, leavingResults);
  await client.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
  await client.must('PUT', `/fgs/functions/${name}/code`, sourceOf(saying('two')));
  await client.must('POST', `/fgs/functions/${name}/versions`, { version: 'v2' });
  await client.must('PUT', `/fgs/functions/${name}/code`, sourceOf(saying('latest')));
}

describe('versions and aliases', () => {
  it('a version goes on as it was published', async () => {
    await twoVersions('kept');
    expect(await Promise.all(['v1', 'v2', 'latest'].map(async (version) => returned(named('kept', version))))).toEqual([
      ['one', 'v1', ''],
      ['two', 'v2', ''],
      ['latest', 'latest', ''],
    ]);
  });

  it('an alias leads where it is told, by weight and by header, and the message names the version', async () => {
    const { client } = installation;
    await twoVersions('led');
    const prod = named('led', '!prod');
    await client.must('POST', '/fgs/functions/led/aliases', { name: 'prod', version: 'v1' });
    expect(await returned(prod)).toEqual(['one', 'v1', 'prod']);
    const all = { version: 'v1', additional_version_weights: { v2: 100 } };
    await client.must('PUT', '/fgs/functions/led/aliases/prod', all);
    expect(await returned(prod)).toEqual(['two', 'v2', 'prod']);
    const rules = [{ rule_type: 'Header', param: 'X-Group', op: '=', value: 'beta' }];
    const ruled = {
      version: 'v1',
      additional_version_weights: { v2: 0 },
      additional_version_strategy: { v2: { combine_type: 'and', rules } },
    };
    await client.must('PUT', '/fgs/functions/led/aliases/prod', ruled);
    expect((await told(prod)).request_context.function_urn).toBe('urn:fss:local:p1:function:default:led:v1');
    expect(await returned(prod, { 'x-group': 'beta' })).toEqual(['two', 'v2', 'prod']);
    const answered = async (headers: Record<string, string>) =>
      (await client.call('POST', `/fgs/functions/${prod}/invocations`, {}, headers)).body;
    expect(await answered({})).toEqual(['one', 'v1', 'prod']);
    expect(await answered({ 'x-group': 'beta' })).toEqual(['two', 'v2', 'prod']);
  });

  it('retries stay on their version though the alias moved meanwhile', async () => {
    const { client } = installation;
    const failing =
      'let n = 0; exports.handler = async (event, c) => { if (++n < 3) throw new Error("not yet"); return c.getVersion(); };';
    await client.createFunction('moved', failing);
    await client.setPolicy('moved', { ...leavingResults, max_async_retry_attempts: 3, retry_wait_base_in_seconds: 1 });
    await client.must('POST', '/fgs/functions/moved/versions', { version: 'v1' });
    await client.must('PUT', '/fgs/functions/moved/code', sourceOf('exports.handler = async () => "moved";'));
    await client.must('POST', '/fgs/functions/moved/versions', { version: 'v2' });
    await client.must('POST', '/fgs/functions/moved/aliases', { name: 'prod', version: 'v1' });
    const requestId = await client.invoke(named('moved', '!prod'));
    await eventually(async () => (await client.record(named('moved', 'v1'), requestId))?.error_message === 'not yet');
    await client.must('PUT', '/fgs/functions/moved/aliases/prod', { version: 'v2' });
    const record = await client.delivered(named('moved', 'v1'), requestId);
    expect(record).toMatchObject({ status: 'SUCCESS', approximate_invoke_count: 3 });
    const message = JSON.parse(await readFile(fileURLToPath(record.deliveries[0]?.location ?? ''), 'utf8')) as Notified;
    expect(message.response_payload).toBe('"v1"');
    expect((await told(named('moved', '!prod'))).response_payload).toBe('"moved"');
  });

  it('an alias is told of an end as any function is', async () => {
    const { client } = installation;
    await twoVersions('told');
    await client.must('POST', '/fgs/functions/told/aliases', { name: 'prod', version: 'v2' });
    await client.createFunction('telling', 'exports.handler = async () => 1;');
    const target = destination('FunctionGraph', { func_urn: `urn:fss:local:p1:function:default:told:!prod` });
    await client.setPolicy('telling', { destination_config: { on_success: target } });
    await client.delivered('telling', await client.invoke('telling'));
    const chained = await eventually(async () => (await client.records(named('told', 'v2')))[0]);
    expect(await client.ended(named('told', '!prod'), chained.request_id)).toMatchObject({ status: 'SUCCESS' });
  });
});

describe('a zip function', () => {
  it('runs its files and the package it brings', async () => {
    const { client } = installation;
    await client.createFunction('packed', '', {
      handler: 'src/index.handler',
      ...zipped({
        'src/index.js': "exports.handler = async () => [require('./greet.js').hello, require('left')('pad')];",
        'src/greet.js': "exports.hello = 'hello';",
        'node_modules/left/package.json': '{"name":"left","main":"main.js"}',
        'node_modules/left/main.js': 'module.exports = (text) => `left ${text}`;',
      }),
    });
    await client.setPolicy('packed', leavingResults);
    expect(await returned('packed')).toEqual(['hello', 'left pad']);
    await client.must('PUT', '/fgs/functions/packed/code', zipped({ 'src/index.js': 'exports.handler = async () => "other";' }));
    expect(await eventually(async () => ((await returned('packed')) === 'other' ? 'other' : undefined))).toBe('other');
    const shown = await client.must<{ func_code: { link: string } }>('GET', '/fgs/functions/packed/code');
    const archive = await fetch(shown.func_code.link, { headers: { 'x-auth-token': 'e2e-token' } });
    expect(Buffer.from(await archive.arrayBuffer())).toEqual(zipOf({ 'src/index.js': 'exports.handler = async () => "other";' }));
  });
});

describe('encrypted user data', () => {
  it('is read by the function and shown to nobody', async () => {
    const { client } = installation;
    const source = "exports.handler = async (event, c) => [c.getUserData('password'), c.getUserData('colour')];";
    const data = { encrypted_user_data: '{"password":"hush-hush"}', user_data: '{"colour":"blue"}' };
    await client.createFunction('secretive', source, data);
    await client.setPolicy('secretive', leavingResults);
    expect(await returned('secretive')).toEqual(['hush-hush', 'blue']);
    const shown = await client.must('GET', '/fgs/functions/secretive/config');
    expect(shown['encrypted_user_data']).toBe('{"password":""}');
    const { func_name, runtime, handler, timeout, memory_size, xrole, encrypted_user_data } = shown;
    const body = { func_name, runtime, handler, timeout, memory_size, xrole, encrypted_user_data, user_data: '{"colour":"red"}' };
    await client.must('PUT', '/fgs/functions/secretive/config', body);
    const changed = async () => {
      const answer = (await returned('secretive')) as string[];
      return answer[1] === 'red' ? answer : undefined;
    };
    expect(await eventually(changed)).toEqual(['hush-hush', 'red']);
  });
});
