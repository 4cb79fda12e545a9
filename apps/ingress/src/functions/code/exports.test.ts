/**
 * Goal: an import restores an exported function except for its secrets, and obeys the rules of any
 * creation.
 * Method: a whole ingress that listens, over the in-memory broker; the tests download exports from
 * the URLs that the API returns.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArchive, writeArchive } from '#objects';
import { aZip, zipOf } from '#testing';
import { functionBody, IngressApp, inlineCode } from '../../../testing/ingress-app.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
  await app.listen();
});
afterAll(async () => app.close());

const zipped = (bytes: Buffer) => ({ code_type: 'zip', func_code: { file: bytes.toString('base64') } });
const archive = zipOf({ 'src/index.js': 'exports.handler = 1;' });

const token = { 'x-auth-token': IngressApp.token };
/** Follows the link of an export. */
const fetched = async (urn: string, query: string) => {
  const { body } = await app.overHttp('GET', `/v2/p1/fgs/functions/${urn}/export?${query}`, undefined, token);
  const answer = await fetch(body.code_url, { headers: token });
  expect(answer.headers.get('content-type')).toBe('application/zip');
  return Buffer.from(await answer.arrayBuffer());
};
const filesIn = async (bytes: Buffer) => {
  const read = await readArchive(bytes, 1_000_000);
  if (read.kind === 'refused') throw new Error(read.reason);
  return read.files;
};
const importing = (bytes: Buffer, more: Readonly<Record<string, unknown>> = {}) => ({
  func_name: app.freshName(),
  file_name: 'a.zip',
  file_type: 'zip',
  file_code: bytes.toString('base64'),
  ...more,
});
const config = (more: Readonly<Record<string, unknown>> = {}) => {
  const { func_code: _code, ...rest } = functionBody('any', more);
  return rest;
};
/** An export with exactly these parts. */
const anExport = (
  configuration: unknown,
  code: Buffer | undefined = writeArchive([{ path: 'index.js', bytes: Buffer.from('1') }]),
) =>
  writeArchive([
    { path: 'a.yaml', bytes: Buffer.from(typeof configuration === 'string' ? configuration : JSON.stringify(configuration)) },
    ...(code === undefined ? [] : [{ path: 'a.zip', bytes: code }]),
  ]);

describe('the export of a function', () => {
  const settings = {
    timeout: 9,
    memory_size: 256,
    description: 'first',
    xrole: 'results',
    user_data: '{"colour":"blue"}',
    initializer_handler: 'src/index.init',
    initializer_timeout: 7,
    enable_dynamic_memory: true,
    strategy_config: { concurrency: 3, concurrent_num: 2 },
    tags: [{ key: 'team', value: 'a' }],
    mount_config: { a: 1 },
    ephemeral_storage: 10_240,
  };
  /** Blanks for the fields that differ between any two functions. */
  const identity = { func_name: '', func_id: '', func_urn: '', resource_id: '', image_name: '', last_modified: '' };

  it.each<[kind: string, code: Readonly<Record<string, unknown>>]>([
    ['inline', inlineCode('exports.handler = "été";')],
    ['zip', zipped(archive)],
    ['http', { runtime: 'http', handler: '-', code_type: 'inline', code_url: 'http://example.com/a' }],
  ])('restores the function when it is imported: code type %s', async (_kind, code) => {
    const name = await app.aFunction({ handler: 'src/index.handler', ...settings, ...code });
    const before = await app.must('GET', `/fgs/functions/${name}/config`);
    const made = await app.must('POST', '/fgs/functions/import', importing(await fetched(name, 'config=true&code=true')));
    expect({ ...made, ...identity }).toEqual({ ...before, ...identity });
    const [one, other] = await Promise.all(
      [name, made.func_name].map(async (each) => app.must('GET', `/fgs/functions/${each}/code`)),
    );
    expect([other.func_code.file, other.code_url, other.digest]).toEqual([one.func_code.file, one.code_url, one.digest]);
  });

  it('may be of a version, and can be imported with another name and package', async () => {
    const name = await app.published('v1');
    await app.must('PUT', `/fgs/functions/${name}/code`, inlineCode('exports.handler = 2;'));
    const bytes = await fetched(`p1:default:${name}:v1`, 'config=true&code=true');
    const made = await app.must('POST', '/fgs/functions/import', importing(bytes, { package: 'other' }));
    expect(made).toMatchObject({ package: 'other', version: 'latest' });
    expect(made.digest).toBe((await app.must('GET', `/fgs/functions/p1:default:${name}:v1/config`)).digest);
  });

  it('contains the names of secrets but no secret', async () => {
    const name = await app.aFunction({ encrypted_user_data: '{"password":"hush-hush"}' });
    const bytes = await fetched(name, 'config=true&code=true');
    const text = String((await filesIn(bytes)).get(`${name}.yaml`));
    expect(JSON.parse(text)).toMatchObject({ encrypted_user_data: '{"password":""}' });
    expect(bytes.includes('hush-hush')).toBe(false);
    const made = await app.must('POST', '/fgs/functions/import', importing(bytes));
    expect(made.encrypted_user_data).toBe('{"password":""}');
  });

  it.each([
    ['type=code', ['index.js']],
    ['code=true', ['index.js']],
    ['code=true&config=false', ['index.js']],
    ['type=config', ['*.yaml']],
    ['config=true', ['*.yaml']],
    ['code=true&config=true', ['*.zip', '*.yaml']],
  ])('has the parts that the query requests: %s', async (query, files) => {
    const name = await app.aFunction();
    const names = [...(await filesIn(await fetched(name, query))).keys()];
    expect(names.map((file) => file.replace(name, '*'))).toEqual(files);
  });

  it('is the archive itself for the code of a zip function', async () => {
    const name = await app.aFunction({ ...zipped(archive), handler: 'src/index.handler' });
    expect(await fetched(name, 'type=code')).toEqual(archive);
  });

  it.each([
    ['an empty query', ''],
    ['no part', 'config=false&code=false'],
    ['a flag that is not true or false', 'config=yes'],
    ['an unknown type', 'type=all'],
    ['a type and a flag', 'type=code&config=true'],
  ])('is refused for %s', async (_what, query) => {
    const name = await app.aFunction();
    for (const room of ['fgs', 'sendoff'])
      expect(await app.refusal('GET', `/${room}/functions/${name}/export?${query}`)).toEqual([400, 'FSS.1001']);
  });

  it('is refused if only code is requested of a function that runs at a URL', async () => {
    const name = await app.aFunction({ runtime: 'http', handler: '-', code_url: 'http://example.com/' });
    for (const room of ['fgs', 'sendoff'])
      expect(await app.refusal('GET', `/${room}/functions/${name}/export?type=code`)).toEqual([400, 'FSS.0400']);
  });
});

describe('an import', () => {
  it.each<[what: string, bytes: Buffer, status: number, code: string]>([
    ['bytes that are not a ZIP', Buffer.from('no zip'), 400, 'FSS.1011'],
    ['a ZIP with a path outside its folder', zipOf({ '../a.yaml': '{}' }), 400, 'FSS.1011'],
    ['a ZIP with a symbolic link', aZip([{ name: 'a.yaml', data: '/etc/passwd', mode: 0o120777 }]), 400, 'FSS.1011'],
    ['a ZIP that is too large', Buffer.alloc(50 * 1_048_576 + 1), 413, 'FSS.1071'],
    ['a ZIP without configuration', zipOf({ 'index.js': '1' }), 400, 'FSS.1011'],
    ['two configurations', zipOf({ 'a.yaml': '{}', 'b.yaml': '{}' }), 400, 'FSS.1011'],
    ['YAML that is not JSON', anExport('runtime: Node.js20.15\n'), 400, 'FSS.1011'],
    ['a configuration that is not an object', anExport('[]'), 400, 'FSS.1011'],
    ['an empty configuration', anExport({}), 400, 'FSS.1006'],
    ['an unsupported runtime', anExport(config({ runtime: 'Python3.9' })), 400, 'FSS.1005'],
    ['a field out of its range', anExport(config({ timeout: 1 })), 400, 'FSS.1008'],
    ['a field named constructor', anExport('{"constructor":{}}'), 400, 'FSS.0400'],
    [
      'a configuration without code',
      writeArchive([{ path: 'a.yaml', bytes: Buffer.from(JSON.stringify(config())) }]),
      400,
      'FSS.1011',
    ],
    ['inline code in a file of another name', anExport(config(), zipOf({ 'main.js': '1' })), 400, 'FSS.1011'],
    ['code with a path outside its folder', anExport(config({ code_type: 'zip' }), zipOf({ '../a.js': '1' })), 400, 'FSS.1011'],
    ['code that is not a ZIP', anExport(config({ code_type: 'zip' }), Buffer.from('x')), 400, 'FSS.1011'],
  ])('of %s is refused and creates no function', async (_what, bytes, status, code) => {
    const body = importing(bytes);
    expect(await app.refusal('POST', '/fgs/functions/import', body)).toEqual([status, code]);
    expect(await app.refusal('GET', `/fgs/functions/${body.func_name}/config`)).toEqual([404, 'FSS.1051']);
  });

  it.each<[what: string, more: Readonly<Record<string, unknown>>, code: string]>([
    ['a malformed name', { func_name: '1' }, 'FSS.1002'],
    ['a malformed package', { package: 'a:b' }, 'FSS.1004'],
    ['no file name', { file_name: undefined }, 'FSS.0400'],
    ['a file of another type', { file_type: 'tar' }, 'FSS.0400'],
    ['no file', { file_code: undefined }, 'FSS.1012'],
    ['a file that is not Base64', { file_code: 'PK!' }, 'FSS.1012'],
  ])('with %s is refused', async (_what, more, code) => {
    expect(await app.refusal('POST', '/fgs/functions/import', importing(anExport(config()), more))).toEqual([400, code]);
  });

  it('is refused if its name is taken, or if the access key does not cover its name', async () => {
    const name = await app.aFunction();
    const body = importing(anExport(config()), { func_name: name });
    expect(await app.refusal('POST', '/fgs/functions/import', body)).toEqual([409, 'FSS.1061']);
    const rights = { description: 'some', rights: ['read', 'manage'], functions: ['mine-*'] };
    const { access_key: accessKey, secret_key: secretKey } = await app.must('POST', '/sendoff/credentials', rights);
    const as = async (func_name: string) =>
      (await app.signed('POST', '/fgs/functions/import', { ...body, func_name }, { accessKey, secretKey })).status;
    expect([await as('yours'), await as('mine-1')]).toEqual([403, 200]);
  });
});
