/**
 * Goal: `npm run credentials` creates and changes access keys as docs/access.md says.
 * Method: the real command, and requests signed with the keys that it prints.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type ClientKey, send } from '../signed-request.ts';
import { Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  await installation.client.createFunction('hello', 'exports.handler = async () => 1;');
});
afterAll(async () => installation?.stop());

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function credentials(line: string, dataDir = installation.dataDir): Promise<Ran> {
  const args = ['dist/apps/cli/src/main.js', 'keys', ...line.split(' ').filter((part) => part !== '')];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { ...process.env, SENDOFF_DATA_DIR: dataDir } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

function keyOf({ stdout, stderr }: Ran): ClientKey {
  const [, accessKey, secretKey] = /^access key +(\S+)\nsecret key +(\S+)$/m.exec(stdout) ?? [];
  if (accessKey === undefined || secretKey === undefined) throw new Error(stdout + stderr);
  return { url: installation.url, accessKey, secretKey };
}

/** @returns the status of an invocation, or of a list of functions, asked for with a key. */
async function statusOf(what: 'invoke' | 'list', key: ClientKey): Promise<number> {
  const path = '/fgs/functions';
  const invoke = async () => send(key, 'POST', `${path}/hello/invocations-async`, { k: 'é' });
  return (await (what === 'invoke' ? invoke() : send(key, 'GET', path))).status;
}

describe('npm run credentials', () => {
  it('makes a key that may invoke and nothing else, until it is disabled, rotated, deleted', async () => {
    const key = keyOf(await credentials('create --rights invoke --functions hel* --description ci'));
    expect([await statusOf('invoke', key), await statusOf('list', key)]).toEqual([202, 403]);
    expect((await credentials('list')).stdout).toMatch(new RegExp(`^${key.accessKey} +enabled +invoke +hel\\* +- +- +ci$`, 'm'));

    expect(await credentials(`disable ${key.accessKey}`)).toMatchObject({ code: 0, stdout: `${key.accessKey} is disabled\n` });
    expect(await statusOf('invoke', key)).toBe(401);
    expect((await credentials(`enable ${key.accessKey}`)).code).toBe(0);

    const next = keyOf(await credentials(`rotate ${key.accessKey} --grace 600`));
    expect([await statusOf('invoke', key), await statusOf('invoke', next)]).toEqual([202, 202]);
    const last = keyOf(await credentials(`rotate ${key.accessKey}`));
    expect([await statusOf('invoke', next), await statusOf('invoke', last)]).toEqual([401, 202]);

    expect((await credentials(`delete ${key.accessKey}`)).code).toBe(0);
    expect(await statusOf('invoke', last)).toBe(401);
  });

  it('makes a key for the functions, agencies and topics of a team', async () => {
    const limits = '--functions team-a-* --agencies team-a-* --topics team-a-*';
    const key = keyOf(await credentials(`create --rights invoke,read,manage ${limits}`));
    const statusFor = async (method: string, path: string, body: unknown) => (await send(key, method, path, body)).status;
    const settings = { package: 'default', runtime: 'Node.js20.15', handler: 'index.handler', timeout: 5, memory_size: 128 };
    const code = { code_type: 'inline', func_code: { file: Buffer.from('exports.handler = async () => 1;').toString('base64') } };
    const fn = (name: string, xrole: string) => ({ ...settings, ...code, func_name: name, xrole });
    expect(await statusFor('POST', '/fgs/functions', fn('team-a-fn', 'other'))).toBe(403);
    expect(await statusFor('POST', '/fgs/functions', fn('team-b-fn', 'team-a-role'))).toBe(403);
    expect(await statusFor('POST', '/fgs/functions', fn('team-a-fn', 'team-a-role'))).toBe(200);
    expect(await statusFor('POST', '/notifications/topics', { name: 'team-b-topic' })).toBe(403);
    expect(await statusFor('POST', '/notifications/topics', { name: 'team-a-topic' })).toBe(201);
    expect(await statusFor('PUT', '/sendoff/agencies/team-a-role', { grants: [] })).toBe(403);
  });

  it.each<[line: string, code: number, error: RegExp]>([
    ['', 2, /Usage: sendoff keys/],
    ['create --rights read --function a', 2, /unknown option '--function'/],
    ['create', 2, /required option '--rights/],
    ['list AK', 2, /too many arguments/],
    ['create --rights own', 2, /rights must be some of invoke, read, manage/],
    ['disable NOBODY', 3, /no access key NOBODY/],
    ['rotate AK --grace 1h', 2, /--grace must be a whole number/],
  ])('ends with what it could not do: %s', async (line, code, error) => {
    expect(await credentials(line)).toEqual({ code, stdout: '', stderr: expect.stringMatching(error) });
  });

  it('leaves the first key alone', async () => {
    const { stdout } = await credentials('list');
    const [, first = ''] = /^(\S+).*of the configuration$/m.exec(stdout) ?? [];
    expect(stdout).toContain('of the configuration');
    expect(await credentials(`delete ${first}`)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('SENDOFF_ACCESS_KEY'),
    });
  });

  it('says so when nothing runs', async () => {
    const nowhere = await mkdtemp(join(tmpdir(), 'sendoff-nowhere-'));
    expect(await credentials('list', nowhere)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('no installation runs with the data folder'),
    });
    await rm(nowhere, { recursive: true });
  });
});
