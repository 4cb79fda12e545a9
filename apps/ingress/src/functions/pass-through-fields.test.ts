/**
 * Goal: the API checks, limits, stores and returns the fields that it otherwise ignores.
 * Method: a whole ingress over the in-memory broker.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { functionBody, IngressApp, inlineCode } from '../../testing/ingress-app.ts';
import { logTargetAnswer, mergePassThrough } from './pass-through-fields.ts';

let app: IngressApp;
beforeAll(async () => {
  app = await IngressApp.start();
});
afterAll(async () => app.close());

const required = { runtime: 'Node.js20.15', handler: 'index.handler', timeout: 5, memory_size: 128 };
const update = async (name: string, more: Record<string, unknown> = {}) =>
  app.must('PUT', `/fgs/functions/${name}/config`, { func_name: name, ...required, ...more });
const show = async (name: string) => app.must('GET', `/fgs/functions/${name}/config`);

describe('pass-through fields', () => {
  /** A text that makes `{"tags":"<text>"}` exactly so many bytes. */
  const textFor = (bytes: number) => 'x'.repeat(bytes - '{"tags":""}'.length);
  const message = (field: string) =>
    `${field} is too large: fields that are only stored and shown may have 16384 bytes of JSON in all`;

  it('may have 16 KB of JSON together', async () => {
    const name = await app.aFunction({ tags: textFor(16_384) });
    expect((await show(name)).tags.length).toBe(textFor(16_384).length);
  });

  it.each<[what: string, more: Record<string, unknown>, field: string]>([
    ['one field that exceeds it by 1 byte', { tags: textFor(16_385) }, 'tags'],
    ['one field of 900 KB', { tags: 'x'.repeat(900_000) }, 'tags'],
    ['one field of 5,500 letters of three bytes each', { tags: '数'.repeat(5_500) }, 'tags'],
    [
      'several fields together',
      { func_vpc: { a: 'x'.repeat(9_000) }, mount_config: { a: 'x'.repeat(8_000) }, type: 'v2' },
      'func_vpc',
    ],
  ])('over the limit are refused with the name of the largest field: %s', async (_what, more, field) => {
    const refused = { status: 400, body: { error_code: 'FSS.0400', error_msg: message(field) } };
    const name = await app.aFunction({ tags: 'before' });
    expect(await app.call('POST', '/fgs/functions', functionBody('never', more))).toMatchObject(refused);
    const body = { func_name: name, ...required, ...more };
    expect(await app.call('PUT', `/fgs/functions/${name}/config`, body)).toMatchObject(refused);
    expect((await show(name)).tags).toBe('before');
  });

  it('count towards the limit if an earlier body or a code update set them', async () => {
    const name = await app.aFunction({ tags: textFor(16_384) });
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

  it('that already exceed the limit may stay or shrink, but not grow', async () => {
    const name = await app.aFunction();
    const record = app.recordsOf('registry').findLast(({ key }) => key?.endsWith(`:${name}`));
    const older = { ...JSON.parse(String(record?.value)), kept: { domain_names: textFor(20_000), gpu_type: 'large' } };
    await app.store(older);
    expect(await update(name, { timeout: 9 })).toMatchObject({ timeout: 9, gpu_type: 'large' });
    expect(await update(name, { gpu_type: 'small' })).toMatchObject({ gpu_type: 'small' });
    const more = { func_name: name, ...required, gpu_type: 'largest' };
    expect(await app.refusal('PUT', `/fgs/functions/${name}/config`, more)).toEqual([400, 'FSS.0400']);
  });

  it('come back with every value that a client sent', async () => {
    const fields = {
      enable_auth_in_header: true,
      enable_class_isolation: false,
      extend_config: '{}',
      gpu_memory: 1_024,
      gpu_type: 'nvidia-t4',
      heartbeat_handler: 'index.beat',
      is_stateful_function: true,
      lts_custom_tag: { team: 'a' },
      peering_cidr: '10.0.0.0/8',
      pre_stop_handler: 'index.stop',
      pre_stop_timeout: 90,
      restore_hook_handler: 'index.restore',
      restore_hook_timeout: 3,
      user_data_encrypt_kms_key_id: 'k',
      ephemeral_storage: 10_240,
    };
    const log = { log_config: { group_id: 'g', stream_id: 's', group_name: 'gn', stream_name: 'sn' } };
    const code = { code_filename: 'a.zip', code_encrypt_kms_key_id: 'k', depend_version_list: ['d'] };
    const name = await app.aFunction({ ...fields, ...log, ...code });
    expect(await show(name)).toMatchObject({ ...fields, ...log, ...code, log_group_id: 'g', log_stream_id: 's' });
    const other = { code_filename: 'b.zip', depend_version_list: ['e', 'f'] };
    await app.must('PUT', `/fgs/functions/${name}/code`, { ...inlineCode('x'), ...other, gpu_type: 'ignored' });
    expect(await show(name)).toMatchObject({ ...fields, ...other, code_encrypt_kms_key_id: 'k' });
  });

  it.each<[field: string, value: unknown]>([
    ['type', 'v3'],
    ['pre_stop_handler', 1],
    ['pre_stop_timeout', 0],
    ['pre_stop_timeout', 91],
    ['pre_stop_timeout', '5'],
    ['ephemeral_storage', 1_024],
    ['enable_lts_log', 'yes'],
    ['enterprise_project_id', 0],
    ['func_vpc', 'vpc'],
    ['mount_config', []],
    ['log_config', 'group'],
    ['custom_image', true],
    ['network_controller', 1],
    ['depend_version_list', 'd'],
  ])('must have the documented type: %s cannot be %j', async (field, value) => {
    const answer = await app.call('POST', '/fgs/functions', functionBody('never', { [field]: value }));
    expect([answer.status, answer.body.error_code]).toEqual([400, 'FSS.0400']);
    expect(answer.body.error_msg).toContain(field);
  });
});

describe('mergePassThrough', () => {
  const bound = 16 * 1_024;
  /** A field whose JSON, with its braces and name, has this many bytes. */
  const sized = (bytes: number) => ({ tags: 'x'.repeat(bytes - '{"tags":""}'.length) });

  it.each<[what: string, before: Record<string, unknown>, bytes: number, isRefused: boolean]>([
    ['the bound', {}, bound, false],
    ['one byte more', {}, bound + 1, true],
    ['as many bytes as before, over the bound', sized(bound + 10), bound + 10, false],
    ['one byte less than before, over the bound', sized(bound + 10), bound + 9, false],
    ['one byte more than before, over the bound', sized(bound + 10), bound + 11, true],
  ])('compares bytes of JSON with the bound: %s', (_what, before, bytes, isRefused) => {
    const merge = () => mergePassThrough(before, sized(bytes));
    if (isRefused) expect(merge).toThrow('tags is too large');
    else expect(merge()).toEqual(sized(bytes));
  });

  it('keeps fields that the body leaves out, and drops unknown ones of the body', () => {
    expect(mergePassThrough({ gpu_type: 'a', type: 'v1' }, { type: 'v2', func_name: 'hello' })).toEqual({
      gpu_type: 'a',
      type: 'v2',
    });
  });

  it('takes only the fields that it is given', () => {
    expect(mergePassThrough({}, { type: 'v2', code_filename: 'a.zip' }, ['code_filename'])).toEqual({ code_filename: 'a.zip' });
  });
});

describe('logTargetAnswer', () => {
  it.each<[what: string, log: unknown, answer: object]>([
    ['no settings', undefined, {}],
    ['both ids', { group_id: 'g', stream_id: 's' }, { log_group_id: 'g', log_stream_id: 's' }],
    ['names alone', { group_name: 'g', stream_name: 's' }, {}],
    ['an id that is not text', { group_id: 5, stream_id: 's' }, { log_stream_id: 's' }],
  ])('shows %s', (_what, log, answer) => {
    expect(logTargetAnswer(log === undefined ? {} : { log_config: log })).toEqual(answer);
  });
});
