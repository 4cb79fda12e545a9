/**
 * Goal: versions behave as the API documents, and each refusal has its code.
 * Method: a whole ingress over the in-memory broker.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngressApp, inlineCode } from '../../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
});
afterAll(async () => app.close());

const urnOf = (name: string, qualifier: string) => `urn:fss:local:p1:function:default:${name}:${qualifier}`;
const config = { runtime: 'Node.js20.15', handler: 'index.handler', timeout: 5, memory_size: 128 };

describe('a publication', () => {
  it('freezes the function, so that later updates do not change the version', async () => {
    const name = await app.aFunction({ description: 'first', user_data: '{"colour":"blue"}' });
    const answer = await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1', description: 'the first one' });
    expect(answer).toMatchObject({
      func_urn: urnOf(name, 'v1'),
      func_name: name,
      version: 'v1',
      version_description: 'the first one',
      description: 'first',
      user_data: '{"colour":"blue"}',
    });
    await app.must('PUT', `/fgs/functions/${name}/code`, inlineCode('exports.handler = 1;'));
    await app.must('PUT', `/fgs/functions/${name}/config`, { func_name: name, ...config, timeout: 9, description: 'second' });
    const shown = await app.must('GET', `/fgs/functions/${urnOf(name, 'v1')}/config`);
    expect(shown).toMatchObject({ func_urn: urnOf(name, 'v1'), version: 'v1', description: 'first', timeout: 5 });
    expect(shown.digest).toBe(answer.digest);
    expect((await app.must('GET', `/fgs/functions/p1:default:${name}:v1/code`)).func_code.file).toBe(
      Buffer.from('exports.handler = async (event) => event;').toString('base64'),
    );
    expect(await app.must('GET', `/fgs/functions/${name}/config`)).toMatchObject({ version: 'latest', description: 'second' });
  });

  it('is named by its time, or by the next free second', async () => {
    const name = await app.aFunction();
    const first = await app.must('POST', `/fgs/functions/${name}/versions`);
    await app.must('PUT', `/fgs/functions/${name}/code`, inlineCode('exports.handler = 1;'));
    const second = await app.must('POST', `/fgs/functions/${name}/versions`);
    expect([first.version, second.version]).toEqual(['v20270115-080000', 'v20270115-080001']);
  });

  it('copies the policy, and returns it without URN and log flag', async () => {
    const name = await app.aFunction();
    await app.must('PUT', `/fgs/functions/${name}/async-invoke-config`, { max_async_retry_attempts: 3 });
    const answer = await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v1' });
    expect(answer.function_async_config).toMatchObject({ max_async_retry_attempts: 3, max_async_event_age_in_seconds: 3_600 });
    expect(Object.keys(answer.function_async_config).filter((field) => /urn|log/.test(field))).toEqual([]);
    await app.must('PUT', `/fgs/functions/${name}/async-invoke-config`, { max_async_retry_attempts: 0 });
    const configs = await app.must('GET', `/fgs/functions/${name}/async-invoke-configs`);
    expect(
      configs.async_invoke_configs.map((one: Record<string, unknown>) => [one['func_urn'], one['max_async_retry_attempts']]),
    ).toEqual([
      [urnOf(name, 'latest'), 0],
      [urnOf(name, 'v1'), 3],
    ]);
  });

  it('is refused until the function differs from its last published version', async () => {
    const name = await app.published('v1');
    expect(await app.refusal('POST', `/fgs/functions/${name}/versions`, { version: 'v2' })).toEqual([400, 'FSS.1016']);
    await app.must('PUT', `/fgs/functions/${name}/config-max-instance`, { max_instance_num: 7 });
    expect(await app.refusal('POST', `/fgs/functions/${name}/versions`, { version: 'v2' })).toEqual([400, 'FSS.1016']);
    await app.must('PUT', `/fgs/functions/${name}/config`, { func_name: name, ...config, memory_size: 256 });
    expect(await app.must('POST', `/fgs/functions/${name}/versions`, { version: 'v2' })).toMatchObject({ memory_size: 256 });
  });

  it('is refused if its digest is not the MD5 of the code', async () => {
    const name = await app.aFunction(inlineCode('exports.handler = 1;'));
    const wrong = { digest: 'd41d8cd98f00b204e9800998ecf8427e' };
    expect(await app.refusal('POST', `/fgs/functions/${name}/versions`, wrong)).toEqual([400, 'FSS.0400']);
    const right = { digest: createHash('md5').update('exports.handler = 1;').digest('hex').toUpperCase() };
    expect((await app.call('POST', `/fgs/functions/${name}/versions`, right)).status).toBe(200);
  });

  it.each([
    ['latest', 'FSS.1015'],
    ['', 'FSS.1015'],
    ['-v1', 'FSS.1015'],
    ['v1.', 'FSS.1015'],
    ['v:1', 'FSS.1015'],
    ['!v1', 'FSS.1015'],
    ['v'.repeat(43), 'FSS.1015'],
  ])('cannot be named %j', async (version, code) => {
    const name = await app.aFunction();
    expect(await app.refusal('POST', `/fgs/functions/${name}/versions`, { version })).toEqual([400, code]);
  });

  it.each([
    ['a description of 513 characters', { description: 'x'.repeat(513) }, [400, 'FSS.1019']],
    ['a malformed digest', { digest: 'x' }, [400, 'FSS.0400']],
    ['a body that is not an object', [], [400, 'FSS.0400']],
  ])('with %s is refused', async (_what, body, answer) => {
    expect(await app.refusal('POST', `/fgs/functions/${await app.aFunction()}/versions`, body)).toEqual(answer);
  });

  it('is refused if its name is taken, or if its URN names a version or an unknown function', async () => {
    const name = await app.published('v1');
    expect(await app.refusal('POST', `/fgs/functions/${name}/versions`, { version: 'v1' })).toEqual([409, 'FSS.1062']);
    expect(await app.refusal('POST', `/fgs/functions/${urnOf(name, 'v1')}/versions`, {})).toEqual([400, 'FSS.0400']);
    expect(await app.refusal('POST', '/fgs/functions/nowhere/versions', {})).toEqual([404, 'FSS.1051']);
  });

  it('is refused if the function has 20 versions, latest included', async () => {
    const name = await app.published(...Array.from({ length: 19 }, (_, index) => `v${index + 1}`));
    await app.must('PUT', `/fgs/functions/${name}/code`, inlineCode('exports.handler = 20;'));
    expect(await app.refusal('POST', `/fgs/functions/${name}/versions`, {})).toEqual([403, 'FSS.1042']);
    await app.must('DELETE', `/fgs/functions/${urnOf(name, 'v1')}`);
    expect((await app.call('POST', `/fgs/functions/${name}/versions`, {})).status).toBe(200);
  });
});

describe('the list of versions', () => {
  it('has pages that begin with latest, followed by the newest version', async () => {
    const name = await app.aFunction();
    for (const version of ['v1', 'v2']) {
      await app.clock.advance(1_000);
      await app.must('PUT', `/fgs/functions/${name}/code`, inlineCode(version));
      await app.must('POST', `/fgs/functions/${name}/versions`, { version });
    }
    await app.must('PUT', `/fgs/functions/${urnOf(name, 'v1')}/async-invoke-config`, { max_async_retry_attempts: 2 });
    const all = await app.must('GET', `/fgs/functions/${name}/versions`);
    expect(all).toMatchObject({ count: 3, next_marker: 3 });
    expect(all.versions.map((one: Record<string, unknown>) => one['version'])).toEqual(['latest', 'v2', 'v1']);
    expect(all.versions[2].function_async_config).toMatchObject({ max_async_retry_attempts: 2 });
    expect(all.versions[1].function_async_config).toBeUndefined();
    const page = await app.must('GET', `/fgs/functions/${name}/versions?marker=1&maxitems=1`);
    expect(page).toMatchObject({ count: 3, next_marker: 2, versions: [{ version: 'v2' }] });
    expect(await app.refusal('GET', `/fgs/functions/${name}/versions?maxitems=-1`)).toEqual([400, 'FSS.1001']);
  });
});

describe('a version', () => {
  it.each([
    ['PUT', 'config', { func_name: 'f', ...config }],
    ['PUT', 'code', inlineCode('exports.handler = 2;')],
    ['PUT', 'config-max-instance', { max_instance_num: 1 }],
  ])('cannot be changed by %s %s', async (method, what, body) => {
    const name = await app.published('v1');
    expect(await app.refusal(method, `/fgs/functions/${urnOf(name, 'v1')}/${what}`, body)).toEqual([400, 'FSS.0400']);
  });

  it.each(['config', 'code', 'async-invoke-config', 'async-invoke-configs'])('that does not exist has no %s', async (what) => {
    const name = await app.published('v1');
    expect(await app.refusal('GET', `/fgs/functions/${urnOf(name, 'v2')}/${what}`)).toEqual([404, 'FSS.1052']);
    expect(await app.refusal('GET', `/fgs/functions/${urnOf(name, '!v2')}/${what}`)).toEqual([404, 'FSS.1053']);
  });

  it('takes its policy and its aliases with it when it is deleted, and no other version', async () => {
    const name = await app.published('v1', 'v2');
    await app.must('PUT', `/fgs/functions/${urnOf(name, 'v2')}/async-invoke-config`, {});
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'bound', version: 'v2' });
    await app.must('POST', `/fgs/functions/${name}/aliases`, {
      name: 'other',
      version: 'v1',
      additional_version_weights: { v2: 50 },
      additional_version_strategy: {
        v2: { combine_type: 'or', rules: [{ rule_type: 'Header', param: 'a', op: '=', value: 'b' }] },
      },
    });
    expect((await app.call('DELETE', `/fgs/functions/${urnOf(name, 'v2')}`)).status).toBe(204);
    expect(await app.refusal('GET', `/fgs/functions/${urnOf(name, 'v2')}/config`)).toEqual([404, 'FSS.1052']);
    const aliases = await app.must('GET', `/fgs/functions/${name}/aliases`);
    expect(aliases).toMatchObject([{ name: 'other', version: 'v1' }]);
    expect(Object.keys(aliases[0])).toEqual(expect.not.arrayContaining([expect.stringMatching(/^additional_/)]));
    expect((await app.must('GET', `/fgs/functions/${name}/async-invoke-configs`)).count).toBe(0);
    expect((await app.call('GET', `/fgs/functions/${name}/config`)).status).toBe(200);
    expect(await app.refusal('DELETE', `/fgs/functions/${urnOf(name, 'v2')}`)).toEqual([404, 'FSS.1052']);
  });

  it('cannot be deleted alone if it is latest', async () => {
    const name = await app.published('v1');
    for (const urn of [urnOf(name, 'latest'), `p1:default:${name}:latest`])
      expect(await app.refusal('DELETE', `/fgs/functions/${urn}`)).toEqual([400, 'FSS.0400']);
  });

  it('is deleted with its function, and a new function of that name does not have it', async () => {
    const name = await app.published('v1');
    await app.must('POST', `/fgs/functions/${name}/aliases`, { name: 'prod', version: 'v1' });
    await app.must('PUT', `/fgs/functions/${urnOf(name, '!prod')}/async-invoke-config`, {});
    expect((await app.call('DELETE', `/fgs/functions/urn:fss:local:p1:function:default:${name}`)).status).toBe(204);
    expect(await app.refusal('GET', `/fgs/functions/${urnOf(name, 'v1')}/config`)).toEqual([404, 'FSS.1051']);
    await app.createFunction(name);
    expect((await app.must('GET', `/fgs/functions/${name}/versions`)).count).toBe(1);
    expect(await app.must('GET', `/fgs/functions/${name}/aliases`)).toEqual([]);
    expect((await app.must('GET', `/fgs/functions/${name}/async-invoke-configs`)).count).toBe(0);
  });
});
