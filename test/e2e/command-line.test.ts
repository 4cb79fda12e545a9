/**
 * Goal: the command line `sendoff` does on a real installation what its help says, with the exit
 * codes of its table.
 * Method: the real program, with a folder of settings of its own.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { eventually } from '#testing';
import { Installation } from './installation.ts';
import { KafkaSide } from './kafka-side.ts';

let installation: Installation;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-command-line-'));
  installation = await Installation.start({ brokers: inject('kafkaBrokers'), env: { LEDGER_CHECK_INTERVAL_MS: '1000' } });
});
afterAll(async () => {
  await installation?.stop();
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const withAddress = () => ({ SENDOFF_URL: installation.url, SENDOFF_PROJECT_ID: 'p1', SENDOFF_TOKEN: 'e2e-token' });

/** Starts the program. It ends with the test. */
function start(words: readonly string[], env: Record<string, string> = withAddress()) {
  const child = spawn(process.execPath, ['dist/apps/cli/src/main.js', ...words], {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, XDG_CONFIG_HOME: join(folder, 'config'), ...env },
    stdio: 'pipe',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function sendoff(words: readonly string[], env?: Record<string, string>, input = ''): Promise<Ran> {
  const child = start(words, env);
  child.stdin.end(input);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number>((resolve) => child.once('close', (ended) => resolve(ended ?? -1)));
  return { code, stdout, stderr };
}

/** Runs a command that must succeed. @returns its JSON. */
async function json(...words: readonly string[]): Promise<unknown> {
  const ran = await sendoff(['--json', ...words]);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ran.stdout);
}

/** Writes a function's folder. @returns the folder. */
async function source(name: string, code: string, settings: object = {}): Promise<string> {
  const path = join(folder, 'functions', name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'index.js'), code);
  await writeFile(join(path, 'sendoff.json'), JSON.stringify(settings));
  return path;
}

const greets = 'exports.handler = async (event) => { console.log("greeting", event.name); return `hello ${event.name}`; };';

describe('functions and invocations', () => {
  it('a folder is deployed, changed, called and removed', async () => {
    const path = await source('greets', greets, { timeout: 5, policy: { max_async_retry_attempts: 2 } });
    expect(await json('functions', 'deploy', path)).toMatchObject({ function: 'greets', created: true, files: 1 });
    expect(await json('functions', 'show', 'greets')).toMatchObject({ timeout: 5, handler: 'index.handler', code_type: 'zip' });
    expect(await json('policy', 'get', 'greets')).toMatchObject({ max_async_retry_attempts: 2 });
    expect(await sendoff(['invoke', 'greets', '{"name": "Ada"}'])).toMatchObject({ code: 0, stdout: 'hello Ada\n' });

    await writeFile(join(path, 'index.js'), greets.replace('hello', 'goodbye'));
    expect(await json('functions', 'deploy', path, '--timeout', '7')).toMatchObject({ created: false });
    expect(await json('functions', 'show', 'greets')).toMatchObject({ timeout: 7, memory_size: 128 });
    expect(await sendoff(['invoke', 'greets', '-'], withAddress(), '{"name": "Bo"}')).toMatchObject({ stdout: 'goodbye Bo\n' });
    expect((await sendoff(['functions', 'list'])).stdout).toMatch(
      /^greets +default +Node\.js20\.15 +index\.handler +7 s +128 MB/m,
    );
    expect(await sendoff(['functions', 'remove', 'greets'])).toMatchObject({ code: 0, stdout: 'greets is removed\n' });
    expect(await sendoff(['functions', 'show', 'greets'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('FSS.1051'),
    });
  });

  it('a deployment keeps the settings that it does not name', async () => {
    const kept = { app_xrole: 'own', initializer_handler: 'index.begin', initializer_timeout: 7, enable_dynamic_memory: true };
    await installation.client.createFunction('tuned', 'exports.handler = async () => 1; exports.begin = async () => 2;', {
      ...kept,
      strategy_config: { concurrency: 3, concurrent_num: 2 },
    });
    await json('functions', 'deploy', await source('tuned', greets), '--timeout', '9');
    expect(await json('functions', 'show', 'tuned')).toMatchObject({
      ...kept,
      timeout: 9,
      strategy_config: { concurrency: 3, concurrent_num: 2 },
    });
  });

  it('an asynchronous invocation is awaited, listed, cancelled, and its failure has a code of its own', async () => {
    await json(
      'functions',
      'deploy',
      await source('maybe', 'exports.handler = async ({ fail }) => { if (fail) throw new Error("no luck"); };'),
    );
    const waited = (await json('invoke', 'maybe', '{}', '--wait', '--key', 'k1')) as { request_id: string };
    expect(waited).toMatchObject({ status: 'SUCCESS', approximate_invoke_count: 1 });
    expect(await json('invoke', 'maybe', '{}', '--key', 'k1')).toEqual({ request_id: waited.request_id });

    const failed = await sendoff(['invoke', 'maybe', '{"fail": true}', '--wait']);
    expect(failed).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/FAIL: no luck\nnext: sendoff logs maybe --request /),
    });
    const atOnce = await sendoff(['invoke', 'maybe', '{"fail": true}']);
    expect(atOnce).toMatchObject({ code: 6, stdout: expect.stringMatching(/^\{\n  "errorMessage": "no luck",\n/) });

    const { request_id: later } = (await json('invoke', 'maybe', '--delay', '600')) as { request_id: string };
    expect((await sendoff(['records', 'maybe', '--active'])).stdout).toMatch(new RegExp(`^${later} +WAIT +0 .* due `, 'm'));
    expect((await sendoff(['cancel', 'maybe', later])).code).toBe(0);
    await expect
      .poll(async () => json('records', 'maybe', '--request', later), { timeout: 15_000 })
      .toMatchObject({ invocations: [{ status: 'FAIL', error_code: 4208 }] });
  });

  it('a redrive that is awaited tells by its exit code that all failed again', async () => {
    await json('functions', 'deploy', await source('broken', 'exports.handler = async () => { throw new Error("broken"); };'));
    expect((await sendoff(['invoke', 'broken', '{}', '--wait'])).code).toBe(6);
    const selected = ['redrive', '--function', 'broken'];
    await eventually(async () => ((await json(...selected)) as { startable: number }).startable === 1);
    const again = await sendoff([...selected, '--yes', '--wait']);
    expect(again).toMatchObject({ code: 6, stdout: expect.stringContaining('0 succeeded, 1 failed') });
    const [, next = ''] = /^sendoff: 1 of 1 failed again\nnext: sendoff (search .*)\n/m.exec(again.stderr) ?? [];
    expect((await sendoff(next.split(' '))).stdout).toMatch(/FAIL +UnhandledInvocationError/);
  });

  it('an event of a removed function runs on its namesake only if the caller asks for that', async () => {
    await json('functions', 'deploy', await source('twin', 'exports.handler = async () => { throw new Error("first"); };'));
    expect((await sendoff(['invoke', 'twin', '{}', '--wait'])).code).toBe(6);
    expect((await sendoff(['functions', 'remove', 'twin'])).code).toBe(0);
    await json('functions', 'deploy', await source('twin', greets));
    const selected = ['redrive', '--function', 'twin'];
    await eventually(async () => ((await json(...selected)) as { selected: number }).selected === 1);
    expect((await sendoff(selected)).stdout).toMatch(/^left out: function-made-anew 1\n.*--made-anew$/m);
    const anew = await json(...selected, '--made-anew', '--yes', '--wait');
    expect(anew).toMatchObject({ made_anew: true, selected: 1, sent: 1, succeeded: 1, refused: [] });
  });

  it('what failed is redriven once it is mended, each once and seen live, although the ingress dies in between', {
    timeout: 90_000,
  }, async () => {
    const count = 6;
    const path = await source('mended', 'exports.handler = async () => { throw new Error("not mended"); };', { timeout: 5 });
    await json('functions', 'deploy', path);
    const url = `${installation.url}/v2/p1/fgs/functions/mended/invocations-async`;
    const headers = { 'x-auth-token': 'e2e-token', 'content-type': 'application/json' };
    for (let number = 0; number < count; number += 1)
      await fetch(url, { method: 'POST', headers, body: JSON.stringify({ n: number }) });
    const selected = ['redrive', '--function', 'mended', '--error', 'NOT mended'];
    await eventually(async () => ((await json(...selected)) as { selected: number }).selected === count, { deadlineMs: 20_000 });
    await writeFile(join(path, 'index.js'), 'exports.handler = async ({ n }) => n;');
    await json('functions', 'deploy', path);
    const following = start(['events', '--follow', '--json', '--function', 'mended', '--status', 'success']);
    let [seen, notes] = ['', ''];
    following.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text));
    following.stderr.setEncoding('utf8').on('data', (text: string) => (notes += text));
    const started = (await json(...selected, '--yes', '--rate', '1', '--canary', '2', '--stop-at', '0')) as { id: string };
    const shown = async () => (await json('redrive', 'show', started.id)) as Record<'state' | 'sent', unknown>;
    await eventually(async () => Number((await shown()).sent) >= 3, { deadlineMs: 30_000 });
    await installation.killService('ingress');
    await eventually(async () => (await sendoff(['redrive', 'list'])).code === 0, { deadlineMs: 30_000 });
    const ended = await json('redrive', 'show', started.id, '--wait');
    expect(ended).toMatchObject({ state: 'ended', selected: count, sent: count, succeeded: count, failed: 0, refused: [] });

    // The stream broke with the ingress, and went on after its last event.
    await expect.poll(() => new Set(seen.match(/"request_id":"[^"]+"/g)).size, { timeout: 15_000 }).toBe(count);
    const lines = seen.trim().split('\n');
    expect(new Set(lines).size).toBe(lines.length);
    expect(notes).toMatch(/^sendoff: http.+; trying again\n/);
    following.kill('SIGINT');
    expect(await new Promise((resolve) => following.once('close', resolve))).toBe(130);

    expect(await json('ledger', 'mended')).toMatchObject({
      accepted: 2 * count,
      settled: 2 * count,
      unaccounted: { count: 0, invocations: [] },
    });
    // A second redrive would start none of them.
    expect(await json(...selected)).toMatchObject({
      selected: count,
      startable: 0,
      refused: [{ reason: 'already-redriven', count }],
    });
    const { entries } = (await json('audit', '--act', 'startRedrive', '--object', started.id)) as { entries: readonly unknown[] };
    expect(entries).toMatchObject([{ by: 'token', outcome: 'done', object: expect.stringContaining(started.id) }]);
  });

  it('a record that the intake refuses is in the ledger once, under its function, also after a restart', async () => {
    await json('functions', 'deploy', await source('strict', greets));
    const kafka = new KafkaSide(installation.brokers);
    onTestFinished(() => kafka.close());
    const produce = async (value: string, fn: string) =>
      kafka.produce(`${installation.topicPrefix}intake`, value, { 'sendoff-function': fn, 'sendoff-project': 'p1' });
    await produce('not json', 'strict');
    await produce('{}', 'nobody');
    await produce('{"name": "Ada"}', 'strict');
    const rejected = { total: 1, reasons: { 'record-malformed': 1 } };
    const ofFunction = async () => installation.client.must('GET', '/sendoff/functions/strict/ledger').catch(() => undefined);
    await expect.poll(ofFunction, { timeout: 20_000 }).toMatchObject({ accepted: 1, settled: 1, rejected });
    const noFunction = { rejected: { total: 1, reasons: { 'function-unknown': 1 } } };
    await expect.poll(async () => json('ledger'), { timeout: 20_000 }).toMatchObject({ no_function: noFunction });
    expect(await json('ledger', 'strict')).toMatchObject({ rejected });
    const { stdout } = await sendoff(['ledger']);
    expect(stdout).toMatch(/^FUNCTION .* REJECTED$/m);
    expect(stdout).toMatch(/^default:strict:latest .* 1$/m);
    expect(stdout).toContain('rejected: record-malformed 1, function-unknown 1\n  of these without a function: 1\n');

    await installation.killService('status-logger');
    await produce('not json either', 'strict');
    await expect
      .poll(ofFunction, { timeout: 30_000 })
      .toMatchObject({ rejected: { total: 2, reasons: { 'record-malformed': 2 } } });
  });

  it('verify invokes through both doors, judges, and removes what it made', { timeout: 120_000 }, async () => {
    const doors = ['--brokers', installation.brokers, '--topic', `${installation.topicPrefix}intake`];
    const verifying = ['verify', '--minutes', '0.05', '--rate', '10', '--lateness', '20000', ...doors];
    const { code, stdout, stderr } = await sendoff(['--json', ...verifying]);
    expect(stderr).not.toContain('Warning');
    const verdict = JSON.parse(stdout) as { accepted: { http: number; kafka: number }; notices: { delivered: number } };
    expect({ code, ...verdict }).toMatchObject({ code: 0, is_held: true, lost: [], open: [], failed: [], unaccounted: [] });
    expect([verdict.accepted, verdict.notices.delivered]).toEqual([{ http: 15, kafka: 15 }, 30]);
    expect(
      JSON.stringify([await json('functions', 'list'), await installation.client.must('GET', '/sendoff/agencies')]),
    ).not.toContain('sendoff-verify');
  });

  it('verify ends early with a verdict, and says that only HTTP was tried', { timeout: 120_000 }, async () => {
    await json('functions', 'deploy', await source('fails', 'exports.handler = async () => { throw new Error("no luck"); };'));
    const child = start(['verify', '--function', 'fails', '--minutes', '5', '--rate', '20']);
    let [stdout, notes] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (notes += text));
    await expect.poll(() => notes, { timeout: 20_000 }).toContain('Ctrl-C ends early');
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGINT');
    expect([await ended, notes]).toEqual([0, expect.stringContaining('only HTTP is tried')]);
    expect(stdout).toMatch(/^nothing accepted is lost +yes +0$/m);
    expect(stdout).toContain('ended early');
  });

  it('a log is followed until the user interrupts', async () => {
    await json('functions', 'deploy', await source('talks', greets));
    await sendoff(['invoke', 'talks', '{"name": "first"}']);
    const following = start(['logs', 'talks', '--follow']);
    let seen = '';
    following.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text));
    await expect.poll(() => seen, { timeout: 15_000 }).toContain('greeting first');
    await sendoff(['invoke', 'talks', '{"name": "second"}']);
    await expect.poll(() => seen, { timeout: 15_000 }).toContain('greeting second');
    expect(seen.match(/greeting first/g)).toHaveLength(1);
    following.kill('SIGTERM');
    expect(await new Promise((resolve) => following.once('close', resolve))).toBe(143);
  });

  it('a folder of functions is deployed, and again when a file is saved', async () => {
    const path = await source('saved', greets);
    const otherPath = await source('saved-too', greets);
    const developing = start(['dev', join(folder, 'functions')]);
    let notes = '';
    developing.stderr.setEncoding('utf8').on('data', (text: string) => (notes += text));
    await expect.poll(() => notes, { timeout: 20_000 }).toContain('watching');
    expect(notes).toMatch(/Try: curl .*\/fgs\/functions\/\S+\/invocations/);
    for (const one of [path, otherPath]) await writeFile(join(one, 'index.js'), 'exports.handler = async () => "saved";');
    for (const name of ['saved', 'saved-too'])
      await expect.poll(async () => (await sendoff(['invoke', name])).stdout, { timeout: 20_000 }).toBe('saved\n');
  });
});

describe('settings', () => {
  it('a policy is changed field by field', async () => {
    await json('functions', 'deploy', await source('policed', greets));
    await json('policy', 'set', 'policed', '--retries', '3', '--status-log');
    expect(await json('policy', 'set', 'policed', '--validity', '600')).toMatchObject({
      max_async_retry_attempts: 3,
      max_async_event_age_in_seconds: 600,
      enable_async_status_log: true,
    });
    expect((await sendoff(['policy', 'remove', 'policed'])).code).toBe(0);
    expect((await sendoff(['policy', 'get', 'policed'])).code).toBe(3);
  });

  it('a policy takes waits between attempts', async () => {
    await json('functions', 'deploy', await source('waits', greets));
    expect(await json('policy', 'set', 'waits', '--retry-wait', '0.5', '--retry-wait-max', '7')).toMatchObject({
      retry_wait_base_in_seconds: 0.5,
      retry_wait_max_in_seconds: 7,
    });
  });

  it('an agency, a bucket and a stream are made by commands, and a policy names them', async () => {
    expect(await json('buckets', 'add', 'drawer')).toEqual({ name: 'drawer' });
    expect(await json('streams', 'add', 'river', '--topic', 'rivers')).toEqual({ name: 'river', topic: 'rivers' });
    const path = await source('files', greets);
    await json('functions', 'deploy', path);
    const destination = ['policy', 'set', 'files', '--on-success', 'obs={"bucket":"drawer"}'];
    expect(await sendoff(destination)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/FSS\.1121[\s\S]*next: sendoff agencies set /),
    });
    const { stdout } = await sendoff(['agencies', 'set', 'filing', '--grant', 'OBS=drawer', 'functiongraph=*']);
    expect(stdout).toMatch(/^filing +OBS +drawer\nfiling +FunctionGraph +\*$/m);
    await json('functions', 'deploy', path, '--agency', 'filing');
    expect(await json(...destination)).toMatchObject({ destination_config: { on_success: { destination: 'OBS' } } });
    for (const words of ['agencies remove filing', 'streams remove river', 'buckets remove drawer'])
      expect((await sendoff(words.split(' '))).code).toBe(0);
    expect((await sendoff(['agencies', 'list'])).stdout).not.toContain('filing');
  });

  it('a topic is created, published to and removed', async () => {
    await json('topics', 'create', 'alerts', '--display', 'What went wrong');
    expect((await sendoff(['topics', 'list'])).stdout).toMatch(/^alerts +What went wrong +urn:smn:/m);
    expect(await json('topics', 'publish', 'alerts', 'hello')).toMatchObject({ message_id: expect.any(String) });
    expect((await sendoff(['topics', 'remove', 'alerts'])).code).toBe(0);
  });
});

describe('contexts', () => {
  it('credentials are tried, stored for this user only, and used with a signature', async () => {
    const key = (await json('keys', 'create', '--rights', 'read', '--description', 'a b')) as Record<string, string>;
    const login = ['login', 'team', '--url', installation.url, '--access-key', key['access_key'] ?? '', '--secret-stdin'];
    expect(await sendoff(login, {}, 'wrong')).toMatchObject({ code: 4, stderr: expect.stringContaining('next: sendoff login') });
    expect(await sendoff(login, {}, key['secret_key'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('current context'),
    });
    const file = join(folder, 'config', 'sendoff', 'contexts.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await sendoff(['functions', 'list'], {})).code).toBe(0);
    expect((await sendoff(['functions', 'remove', 'nothing'], {})).code).toBe(4);
    expect((await sendoff(['contexts', 'list'], {})).stdout).not.toContain(key['secret_key']);
    expect((await sendoff(['contexts', 'remove', 'team'], {})).code).toBe(0);
    expect(await readFile(file, 'utf8')).not.toContain(key['secret_key']);
  });
});

describe('what cannot be done', () => {
  beforeAll(async () => installation.client.createFunction('greeted', greets));

  it.each<[words: string, code: number, error: RegExp]>([
    ['functions list --all', 2, /unknown option '--all'/],
    ['functons', 2, /unknown command 'functons'/],
    ['invoke nobody {"a":', 2, /the event is not valid JSON/],
    ['invoke nobody --wait --patience soon', 2, /--patience must be a whole number/],
    ['invoke nobody', 3, /FSS\.1051/],
    ['functions deploy ./nothing-is-here', 2, /does not exist/],
    ['policy set nobody --on-success OBS', 2, /--on-success must be <type>=/],
    ['invoke greeted --delay -1', 2, /X-Sendoff-Delay-Seconds/i],
    ['policy set greeted --retries 9', 2, /max_async_retry_attempts/],
    ['redrive --rate 0', 2, /rate/],
    ['search --status nope', 2, /status/],
    ['cancel greeted 1f0d6a3e-5f0b-4c57-8d1f-2b7a6c9e4d10', 3, /next: sendoff records greeted --active/],
    ['topics remove nope', 3, /there is no topic nope[\s\S]*next: sendoff topics list/],
    ['topics create a/b', 2, /\(SMN\.\d+\)/],
    ['agencies remove nope', 3, /next: sendoff agencies list/],
    ['agencies set some --grant nope', 2, /--grant must be <type>=/],
    ['redrive show nope', 3, /next: sendoff redrive list/],
    ['--dry-run pause nope', 3, /next: sendoff functions list/],
    ['--dry-run invoke nope', 3, /FSS\.1051/],
    ['--dry-run keys delete nope', 3, /next: sendoff keys list/],
    ['--dry-run policy set greeted --retries 9', 2, /would refuse this: max_async_retry_attempts must be <= 3/],
    ['--dry-run streams remove nope', 3, /next: sendoff streams/],
    ['--context nowhere functions list', 2, /there is no context nowhere[\s\S]*next: sendoff contexts list/],
  ])('%s ends with %d', async (words, code, error) => {
    expect(await sendoff(words.split(' '))).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(error) });
  });

  it('an installation that does not answer has a code of its own, also as JSON', async () => {
    const { code, stderr } = await sendoff(['--json', 'functions', 'list'], {
      ...withAddress(),
      SENDOFF_URL: 'http://127.0.0.1:1',
    });
    expect(code).toBe(5);
    expect(JSON.parse(stderr)).toMatchObject({
      class: 'unavailable',
      exit_code: 5,
      error: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each<[words: string, error: RegExp]>([
    ['--json functions list --all', /^unknown option '--all'$/],
    ['functons --json', /unknown command 'functons'/],
    ['--json functions', /^a command is missing$/],
    ['--json keys create', /required option '--rights/],
  ])('wrong arguments are one line of JSON: %s', async (words, error) => {
    const { code, stdout, stderr } = await sendoff(words.split(' '));
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr)).toMatchObject({ class: 'usage', exit_code: 2, error: expect.stringMatching(error) });
  });

  it('an invocation that has ended is not cancelled, and its function is resumed as the error says', async () => {
    const { request_id: ended } = (await json('invoke', 'greeted', '{}', '--wait')) as { request_id: string };
    expect(await sendoff(['cancel', 'greeted', ended])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has ended already: SUCCESS'),
    });
    expect((await sendoff(['pause', 'greeted'])).code).toBe(0);
    const refused = await sendoff(['invoke', 'greeted', '--async']);
    const [, next = ''] = /^next: sendoff (.*)$/m.exec(refused.stderr) ?? [];
    expect([refused.code, next]).toEqual([1, 'resume greeted']);
    expect((await sendoff(next.split(' '))).code).toBe(0);
    expect((await sendoff(['invoke', 'greeted', '--async'])).code).toBe(0);
  });

  it('a search goes on where its page ended, and repeats none', async () => {
    const page = async (...more: readonly string[]) =>
      (await json('search', '--function', 'maybe', '--limit', '2', ...more)) as {
        invocations: readonly { request_id: string }[];
        next_marker: string;
      };
    const first = await page();
    const [, marker = ''] =
      /; more: --after (\S+)$/m.exec((await sendoff(['search', '--function', 'maybe', '--limit', '2'])).stdout) ?? [];
    const second = await page('--after', marker);
    const ids = [...first.invocations, ...second.invocations].map(({ request_id: id }) => id);
    expect([marker, second.invocations.length > 0, new Set(ids).size]).toEqual([first.next_marker, true, ids.length]);
  });

  it('a dry run changes nothing', async () => {
    const path = await source('dry', greets);
    expect(await sendoff(['--dry-run', 'functions', 'deploy', path])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^would create the function dry\n  package: default\n[\s\S]*"file":"\(the code\)"/),
      stderr: '',
    });
    // Neither waits for changes.
    expect((await sendoff(['--dry-run', 'functions', 'deploy', path, '--watch'])).code).toBe(0);
    expect((await sendoff(['--dry-run', 'dev', join(folder, 'functions')])).stdout).toContain('would create the function dry');
    expect(await sendoff(['--dry-run', 'policy', 'set', 'greeted', '--retries', '2'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('  max_async_retry_attempts: 2\n'),
    });
    expect((await sendoff(['functions', 'show', 'dry'])).code).toBe(3);
  });
});

it('a checkout runs it by its name', async () => {
  const { bin, version } = JSON.parse(await readFile('package.json', 'utf8')) as { bin: object; version: string };
  const npx = spawn('npx', ['--no-install', ...Object.keys(bin), '--version'], { stdio: 'pipe' });
  let printed = '';
  npx.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  npx.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await new Promise((resolve) => npx.once('close', resolve));
  expect(printed.trim()).toBe(version);
});

it('the completion script of bash knows commands and options', async () => {
  const { stdout } = await sendoff(['completion']);
  const asked = 'COMP_WORDS=(sendoff policy set hello --retri); COMP_CWORD=4; _sendoff; echo "${COMPREPLY[@]}"';
  const shell = spawn('bash', ['-c', `${stdout}\n${asked}`], { stdio: 'pipe' });
  let words = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (words += text));
  await new Promise((resolve) => shell.once('close', resolve));
  expect(words).toBe('--retries\n');
});

describe('places', () => {
  it('are listed, with the objects of a bucket and the records of a stream', async () => {
    const { client } = installation;
    await client.must('PUT', '/sendoff/agencies/everything', {
      grants: ['OBS', 'DIS'].map((type) => ({ type, resource: '*' })),
    });
    await client.must('PUT', '/sendoff/buckets/shelf', {});
    await client.must('PUT', '/sendoff/streams/belt', {});
    await client.createFunction('shelved', 'exports.handler = async () => ({ stored: true });');
    const param = (fields: object) => JSON.stringify(fields);
    const told = async (destination: object) => {
      await client.setPolicy('shelved', { destination_config: { on_success: destination } });
      const requestId = await client.invoke('shelved');
      await client.ended('shelved', requestId);
      return requestId;
    };
    const stored = await told({ destination: 'OBS', param: param({ bucket: 'shelf', prefix: 'books' }) });
    const streamed = await told({ destination: 'DIS', param: param({ stream_name: 'belt' }) });
    expect((await sendoff(['buckets'])).stdout).toContain('shelf');
    expect((await sendoff(['streams'])).stdout).toMatch(/belt +its own/);
    await eventually(async () => {
      const { stdout } = await sendoff(['buckets', 'objects', 'shelf', '--prefix', 'books/']);
      return new RegExp(`^\\S+Z +\\d+ +books/\\S+/${stored}\\.json$`, 'm').test(stdout);
    });
    expect((await sendoff(['buckets', 'objects', 'shelf', '--prefix', 'none'])).stdout).toContain('no such object');
    await eventually(async () => {
      const { records } = (await json('streams', 'records', 'belt')) as { records: { key?: string; value?: string }[] };
      return records[0]?.key === streamed && records[0].value?.includes('stored');
    });
    expect(await sendoff(['buckets', 'objects', 'nobody'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no bucket'),
    });
  });
});
