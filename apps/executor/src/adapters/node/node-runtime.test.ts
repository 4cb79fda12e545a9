import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FunctionDocument, limits, userDataOwner } from '#contracts';
import { Sealer, systemClock } from '#platform';
import { aFunction, eventually } from '#testing';
import { type NodeFunctions, openNodeFunctions, sealer, withSource } from '../../../testing/node-functions.ts';
import { levelsHere } from '../../../testing/walls-here.ts';
import { callOf, runtimeConformance } from '../../runtime.conformance.ts';

const behaviours = `
exports.handler = (event, context, callback) => {
  switch (event.does) {
    case 'fail': throw new TypeError('broken');
    case 'report': return void callback(new Error('bad'));
    case 'never-again': { const error = new Error('no'); error.retryable = false; throw error; }
    case 'hang': return new Promise(() => setInterval(() => {}, 1000));
    case 'print':
      console.log(context.getRequestID() + ' begins');
      return Promise.resolve().then(() => console.log(context.getRequestID() + ' ends'));
    case 'request-id': return void callback(null, context.getRequestID());
    default: return Promise.resolve(event);
  }
};`;

let functions: NodeFunctions;
let logged: string[];

/** Folders that a level without its own file system makes. */
const temporaryFolders = async () => readdir(join(functions.workDir, 'tmp')).catch(() => []);

const levels = await levelsHere();
const strongest = levels.find(({ missing }) => missing === undefined)?.level ?? 'none';

async function open(source = behaviours, given: Partial<FunctionDocument> = {}, instancesMax = 4, isolation = strongest) {
  logged = [];
  const onLog = (requestId: string, text: string) => void logged.push(`${requestId}: ${text}`);
  functions = await openNodeFunctions({ instancesMax, isolation, onLog });
  return { ...functions, fn: withSource(source, given), seesInside: true };
}

for (const { level, missing } of levels)
  if (missing === undefined) runtimeConformance(`Node.js at level ${level}`, async () => open(behaviours, {}, 4, level));
  else it.skip(`Node.js at level ${level}: ${missing}`);

describe('a Node.js function', () => {
  let under: Awaited<ReturnType<typeof open>> | undefined;
  afterEach(async () => under?.close());
  beforeEach(() => {
    under = undefined;
  });

  const run = async (source: string, given: Partial<FunctionDocument> = {}, event: unknown = {}) => {
    under = await open(source, given);
    const call = callOf(under.fn, { qualifier: '!prod', payload: Buffer.from(JSON.stringify(event)) });
    return under.runtime.run(call, new AbortController().signal);
  };
  const returned = async (...args: Parameters<typeof run>) => {
    const outcome = await run(...args);
    return outcome.kind === 'succeeded' ? (JSON.parse(String(outcome.responsePayload)) as unknown) : outcome;
  };

  it('gets the documented context', async () => {
    const source = `exports.handler = async (event, c) => [c.getRequestID(), c.getFunctionName(), c.getPackage(), c.getProjectID(), c.getVersion(), c.getAlias(),
      c.getMemorySize(), c.getUserData('colour'), c.getRunningTimeInSeconds(), c.getRemainingTimeInMilliSeconds() > 1000, c.getCPUNumber()];`;
    expect(await returned(source, { userData: { colour: 'blue' } })).toEqual([
      'r1',
      'hello',
      'default',
      'p1',
      'latest',
      'prod',
      128,
      'blue',
      3,
      true,
      300,
    ]);
  });

  it.each<[thrown: string, document: Record<string, unknown>]>([
    ["'plain'", { errorMessage: 'plain', errorType: 'string' }],
    ['undefined', { errorMessage: 'undefined', errorType: 'undefined' }],
    ['{ a: 1 }', { errorMessage: '{"a":1}', errorType: 'object' }],
    ['Object.assign(circle, { circle })', { errorMessage: expect.stringContaining('[Circular *1]'), errorType: 'object' }],
    ['10n', { errorMessage: '10n', errorType: 'bigint' }],
    ['Object.assign(new Error(), { message: { a: 1 } })', { errorMessage: '{ a: 1 }', errorType: 'Error' }],
    ["Object.assign(new Error('m'), { name: 5 })", { errorMessage: 'm', errorType: '5' }],
    ["Object.assign(new Error('m'), { stack: 5 })", { errorMessage: 'm', errorType: 'Error', stackTrace: [] }],
    [
      "Object.defineProperty(new Error(), 'message', { get: trap })",
      { errorMessage: 'the thrown value cannot be read', errorType: 'Error' },
    ],
    ["Object.defineProperty(new Error('m'), 'stack', { get: trap })", { errorMessage: 'm', errorType: 'Error', stackTrace: [] }],
    ["Object.defineProperty(new TypeError('m'), 'name', { get: trap })", { errorMessage: 'm', errorType: 'Error' }],
    ["Object.assign(new Error('m'), { name: Symbol('n') })", { errorMessage: 'm', errorType: 'Symbol(n)' }],
    ["(Error.prepareStackTrace = trap, new Error('m'))", { errorMessage: 'm', errorType: 'Error', stackTrace: [] }],
    ['new Proxy({}, { get: trap, getPrototypeOf: trap })', { errorMessage: 'the thrown value cannot be read' }],
  ])('may throw any value: %s', async (thrown, document) => {
    const source = `const circle = {}; const trap = () => { throw new Error('trap'); };
      exports.handler = async () => { throw ${thrown}; };`;
    const outcome = await run(source);
    expect(outcome).toMatchObject({ kind: 'failed', condition: 'UnhandledInvocationError' });
    expect(JSON.parse(String('responsePayload' in outcome && outcome.responsePayload))).toMatchObject(document);
    expect(under?.runtime.instances).toBe(1);
  });

  it('may fail with a message of any length, and only its beginning is kept', async () => {
    const outcome = await run("exports.handler = async () => { throw new Error('\\0'.repeat(2_000_000)); };");
    const document = 'responsePayload' in outcome ? outcome.responsePayload : Buffer.alloc(0);
    expect(JSON.parse(String(document))).toMatchObject({ errorMessage: '\0'.repeat(limits.errorDocumentLengthMax) });
    expect(document.length).toBeLessThan(limits.responseBytesMax);
  });

  it('has a stack without lines of the error message', async () => {
    const outcome = await run("exports.handler = async () => { throw new Error('one\\ntwo'); };");
    const document = JSON.parse(String('responsePayload' in outcome && outcome.responsePayload)) as { stackTrace: string[] };
    expect(document.stackTrace[0]).toMatch(/^at .*index\.js:1:/);
    expect(document.stackTrace.filter((frame) => !frame.startsWith('at '))).toEqual([]);
  });

  it('sees no variable of the platform in its environment', async () => {
    process.env['SENDOFF_TOKEN'] = 'hush';
    const names = await returned('exports.handler = async () => Object.keys(process.env);');
    delete process.env['SENDOFF_TOKEN'];
    // bubblewrap sets PWD to the temporary folder.
    const isOfRuntime = (name: string) => name.startsWith('RUNTIME_') || name === 'PWD';
    expect((names as string[]).filter((name) => !isOfRuntime(name)).toSorted()).toEqual(['TMPDIR', 'TZ']);
  });

  it.each([
    ['read outside its code', "require('node:fs').readFileSync('/etc/passwd')"],
    ['write outside its temporary folder', "require('node:fs').writeFileSync('/var/x', '')"],
    ['start a process', "require('node:child_process').execSync('id')"],
    ['start a worker', "new (require('node:worker_threads').Worker)('0', { eval: true })"],
  ])('may not %s', async (_what, expression) => {
    expect(await run(`exports.handler = async () => { ${expression}; };`)).toMatchObject({
      kind: 'failed',
      errorMessage: expect.stringMatching(/access|permission/i),
    });
  });

  it('may write to its own temporary folder', async () => {
    expect(
      await returned(
        "exports.handler = async () => { const f = process.env.TMPDIR + '/x'; require('node:fs').writeFileSync(f, '1'); return true; };",
      ),
    ).toBe(true);
  });

  it('cannot reach the channel to the executor', async () => {
    expect(await returned('exports.handler = async () => [typeof process.send, typeof process.disconnect];')).toEqual([
      'undefined',
      'undefined',
    ]);
  });

  it('runs its initializer once, before the first call', async () => {
    const source =
      'let ready = 0; exports.init = (context, callback) => { setTimeout(() => { ready++; callback(); }, 10); }; exports.handler = async () => ready;';
    expect(await returned(source, { initializer: { handler: 'index.init', timeoutMs: 1_000 } })).toBe(1);
  });

  it('fails with the reason if its code cannot be loaded', async () => {
    expect(await run('exports.handler = ')).toMatchObject({
      condition: 'UnhandledInvocationError',
      errorMessage: expect.stringContaining('Unexpected end of input'),
    });
    await under?.close();
    expect(await run('exports.other = 1')).toMatchObject({
      errorMessage: expect.stringContaining('index.handler is not a function'),
    });
  });

  it('returns the documented error document', async () => {
    const outcome = await run('exports.handler = async () => { throw new RangeError("too far"); };');
    const text = outcome.kind === 'failed' ? String(outcome.responsePayload) : '';
    expect(text).toContain('{\n  "errorMessage": "too far",\n  "errorType": "RangeError",\n  "stackTrace": [');
    const { stackTrace } = JSON.parse(text) as { stackTrace: string[] };
    expect(stackTrace[0]).toBe('at exports.handler (index.js:1:39)');
    expect(stackTrace.filter((line) => line.includes('/') || line.includes('bootstrap'))).toEqual([]);
  });

  it('fails alone if it exits', async () => {
    expect(await run('exports.handler = async () => process.exit(7);')).toMatchObject({
      condition: 'UnhandledInvocationError',
      errorMessage: expect.stringContaining('exit code 7'),
    });
  });

  it('is killed at its deadline if it never yields', async () => {
    under = await open('exports.handler = () => { for (;;); };');
    expect(await under.runtime.run(callOf(under.fn, { timeoutMs: 700 }), new AbortController().signal)).toMatchObject({
      condition: 'InvocationTimeout',
    });
  });

  it.each([
    ['heap', 'const all = []; for (;;) all.push(new Array(10000).fill({}).map(() => ({})));'],
    ['buffers', 'const all = []; for (;;) { all.push(Buffer.alloc(8 << 20, 1)); await new Promise(setImmediate); }'],
  ])('is out of memory if it uses too much of the %s', async (_what, body) => {
    expect(await run(`exports.handler = async () => { ${body} };`)).toMatchObject({ condition: 'OutOfMemory' });
  });

  it.each([
    ['throws', "c.signal.addEventListener('abort', () => reject(new Error('stopped')))"],
    ['returns', "c.signal.addEventListener('abort', () => resolve('half'))"],
  ])('times out although it %s after its signal aborted', async (_what, act) => {
    under = await open(`exports.handler = (event, c) => new Promise((resolve, reject) => { ${act}; });`);
    const { runtime, fn } = under;
    expect(await runtime.run(callOf(fn, { timeoutMs: 700 }), new AbortController().signal)).toMatchObject({
      condition: 'InvocationTimeout',
    });
    const abort = new AbortController();
    const aborted = runtime.run(callOf(fn), abort.signal);
    await new Promise(setImmediate);
    abort.abort();
    expect(await aborted).toEqual({ kind: 'cancelled' });
  });

  it('stops waiting for an instance when it is aborted', async () => {
    under = await open('exports.handler = () => new Promise(() => setInterval(() => {}, 1000));', {}, 1);
    const { runtime, fn } = under;
    const [holding, waiting] = [new AbortController(), new AbortController()];
    const first = runtime.run(callOf(fn), holding.signal);
    await eventually(() => runtime.instances === 1);
    const second = runtime.run(callOf({ ...fn, urn: `${fn.urn}2` }), waiting.signal);
    await new Promise(setImmediate);
    waiting.abort();
    expect(await Promise.race([first, second])).toEqual({ kind: 'cancelled' });
    expect(await second).toEqual({ kind: 'cancelled' });
    holding.abort();
    await first;
  });

  it('has its whole timeout after its code is loaded and initialised', async () => {
    const source = `exports.init = (context, done) => { setTimeout(done, 700); };
      exports.handler = async (event, context) => context.getRemainingTimeInMilliSeconds() > 400;`;
    const initializer = { handler: 'index.init', timeoutMs: 10_000 };
    under = await open(source, { initializer });
    const outcome = await under.runtime.run({ ...callOf(under.fn), timeoutMs: 500 }, new AbortController().signal);
    expect(outcome).toMatchObject({ kind: 'succeeded', responsePayload: Buffer.from('true') });
  });

  it('does not start after startBefore', async () => {
    under = await open('exports.init = (context, done) => { setTimeout(done, 500); }; exports.handler = async () => 1;', {
      initializer: { handler: 'index.init', timeoutMs: 10_000 },
    });
    const startBefore = systemClock.elapsedMs() + 200;
    expect(await under.runtime.run({ ...callOf(under.fn), startBefore }, new AbortController().signal)).toMatchObject({
      kind: 'unavailable',
    });
  });

  it('can be cancelled while its code is loaded', async () => {
    under = await open('exports.init = (context, done) => { setTimeout(done, 5_000); }; exports.handler = async () => 1;', {
      initializer: { handler: 'index.init', timeoutMs: 10_000 },
    });
    const abort = new AbortController();
    const running = under.runtime.run(callOf(under.fn), abort.signal);
    await eventually(() => under?.runtime.instances === 1);
    abort.abort();
    expect(await running).toEqual({ kind: 'cancelled' });
  });

  it('may send signals to its own process only', async () => {
    expect(
      await returned(
        'exports.handler = async () => { try { process.kill(process.ppid, 0); } catch ({ code }) { return code; } }',
      ),
    ).toBe('ERR_ACCESS_DENIED');
  });

  it.each([
    ['rejects a promise that nobody awaits', "void Promise.reject(new Error('bad one'))"],
    ['throws in a timer', "setTimeout(() => { throw new Error('bad one'); })"],
  ])('fails alone if it %s; other calls in the instance go on', async (_what, does) => {
    under = await open(
      `exports.handler = async ({ bad }) => { if (bad) { ${does}; } await new Promise((done) => setTimeout(done, 400)); return 'fine'; };`,
      { concurrencyPerInstance: 3, instancesMax: 1 },
    );
    const { fn, runtime } = under;
    const runs = [true, false, false].map(async (bad) =>
      runtime.run({ ...callOf(fn), payload: Buffer.from(JSON.stringify({ bad })) }, new AbortController().signal),
    );
    const [first, ...others] = await Promise.all(runs);
    expect(first).toMatchObject({ kind: 'failed', condition: 'UnhandledInvocationError', errorMessage: 'bad one' });
    for (const other of others) expect(other).toMatchObject({ kind: 'succeeded' });
    await eventually(() => runtime.instances === 0);
  });

  it('delivers its output and result before it exits', async () => {
    const source = "exports.handler = async () => { console.log('last words'); setImmediate(() => process.exit(0)); return 7; };";
    expect(await returned(source)).toBe(7);
    expect(logged).toEqual(['r1: last words\n']);
  });

  it('writes its output to the function log, by request', async () => {
    await run(
      "exports.handler = async (event, context) => { console.log('one', { two: 2 }); context.getLogger().warn('three'); };",
    );
    expect(logged).toEqual(['r1: one { two: 2 }\n', 'r1: [WARN] three\n']);
  });

  it('gets an instance for each memory size, and runs in no more of them than it allows', async () => {
    const source =
      'exports.handler = async (event, context) => { const begun = Date.now(); while (Date.now() < begun + 20); ' +
      'return { size: context.getMemorySize(), begun, ended: Date.now() }; };';
    under = await open(source, { instancesMax: 1 });
    const { runtime, fn } = under;
    const outcomes = await Promise.all(
      [128, 256, 128, 512].map(async (memoryMb) => runtime.run(callOf({ ...fn, memoryMb }), new AbortController().signal)),
    );
    const runs = outcomes.map((outcome) => {
      if (outcome.kind !== 'succeeded') return expect.fail(`a call ended as ${outcome.kind}`);
      return JSON.parse(String(outcome.responsePayload)) as { size: number; begun: number; ended: number };
    });
    expect(runs.map(({ size }) => size)).toEqual([128, 256, 128, 512]);
    const inTurn = runs.toSorted((one, other) => one.begun - other.begun);
    for (const [index, { begun }] of inTurn.entries()) expect(begun).toBeGreaterThanOrEqual(inTurn[index - 1]?.ended ?? 0);
    // Those that ended for others are gone soon.
    await eventually(() => runtime.instances === 1);
  });

  it('never runs more calls at once in an instance than it allows', async () => {
    const source =
      'let now = 0; let most = 0; exports.handler = async () => { most = Math.max(most, ++now); await null; now--; return most; };';
    under = await open(source, { instancesMax: 2, concurrencyPerInstance: 1 });
    const { runtime, fn } = under;
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, async () => runtime.run(callOf(fn), new AbortController().signal)),
    );
    expect(outcomes.map((outcome) => ('responsePayload' in outcome ? String(outcome.responsePayload) : outcome.kind))).toEqual(
      Array(12).fill('1'),
    );
    expect(runtime.instances).toBe(2);
  });

  it('makes one place for all calls that its first instance can serve', async () => {
    // No call ends while others start, so none frees a seat.
    const source = 'exports.handler = async () => new Promise((resolve) => setTimeout(resolve, 300));';
    under = await open(source, { instancesMax: 3, concurrencyPerInstance: 50 });
    const { runtime, fn, walls } = under;
    const cellFor = vi.spyOn(walls, 'cellFor');
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, async () => runtime.run(callOf(fn), new AbortController().signal)),
    );
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['succeeded']));
    expect([cellFor.mock.calls.length, runtime.instances]).toEqual([2, 2]);
  });

  it('waits when all instances are taken, and gets the place of an idle one', async () => {
    under = await open(
      'exports.handler = async () => { await new Promise((resolve) => setTimeout(resolve, 50)); return process.pid; };',
      {},
      2,
    );
    const { runtime, fn } = under;
    const outcomes = await Promise.all(
      [fn, fn, fn, fn, withSource('exports.handler = async () => 1;', { urn: `${fn.urn}2` })].map(async (given) =>
        runtime.run(callOf(given), new AbortController().signal),
      ),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(5).fill('succeeded'));
    // One that ended for another is gone soon.
    await eventually(() => runtime.instances <= 2);
  });

  it('runs the code of the version that is called', async () => {
    under = await open(
      'const id = Math.random(); exports.handler = async (event, c) => [id, c.getVersion(), process.env.RUNTIME_FUNC_VERSION];',
    );
    const { runtime, fn } = under;
    const answers = [];
    for (const given of [fn, { ...fn, version: 'v1' }, fn])
      answers.push(await runtime.run(callOf(given), new AbortController().signal));
    const said = answers.map((outcome) => ('responsePayload' in outcome ? JSON.parse(String(outcome.responsePayload)) : []));
    expect(said.map(([, ...version]) => version)).toEqual([
      ['latest', 'latest'],
      ['v1', 'v1'],
      ['latest', 'latest'],
    ]);
    expect(said[0][0]).toBe(said[2][0]);
    expect(said[0][0]).not.toBe(said[1][0]);
  });

  it('never runs in an instance of another function that had its name, even if both changed at one instant', async () => {
    under = await open('exports.handler = async () => "old";');
    const { runtime, fn } = under;
    const anew = withSource('exports.handler = async () => "new";', { id: 'anew' });
    const outcomes = [];
    for (const given of [fn, anew]) outcomes.push(await runtime.run(callOf(given), new AbortController().signal));
    expect(outcomes.map((outcome) => ('responsePayload' in outcome ? String(outcome.responsePayload) : outcome))).toEqual([
      '"old"',
      '"new"',
    ]);
  });

  it('counts instances of all its versions together', async () => {
    under = await open('exports.handler = async (event, c) => c.getVersion();', { instancesMax: 1 });
    const { runtime, fn } = under;
    const versions = [fn, { ...fn, version: 'v1' }, { ...fn, version: 'v2' }, fn];
    const outcomes = await Promise.all(versions.map(async (given) => runtime.run(callOf(given), new AbortController().signal)));
    expect(outcomes.map((outcome) => ('responsePayload' in outcome ? String(outcome.responsePayload) : outcome.kind))).toEqual([
      '"latest"',
      '"v1"',
      '"v2"',
      '"latest"',
    ]);
  });

  it('has its whole timeout after a wait for an instance', async () => {
    under = await open('exports.handler = async ({ ms }) => { await new Promise((r) => setTimeout(r, ms)); return ms; };', {
      instancesMax: 1,
    });
    const { runtime, fn } = under;
    const taking = (ms: number, timeoutMs: number) => ({
      ...callOf(fn),
      payload: Buffer.from(JSON.stringify({ ms })),
      timeoutMs,
    });
    const first = runtime.run(taking(1_500, 8_000), new AbortController().signal);
    const second = runtime.run(taking(0, 1_000), new AbortController().signal);
    expect([(await first).kind, (await second).kind]).toEqual(['succeeded', 'succeeded']);
  });

  it('can read its encrypted user data', async () => {
    const sealed = sealer.seal('hush', userDataOwner(aFunction().urn, 'password'));
    const source = "exports.handler = async (event, c) => [c.getUserData('password'), c.getUserData('colour')];";
    const given = { userData: { colour: 'blue' }, sealedUserData: { password: sealed } };
    expect(await returned(source, given)).toEqual(['hush', 'blue']);
  });

  it('is unavailable while its user data is encrypted with another key', async () => {
    const other = new Sealer('another-platform-key-of-32-characters');
    const sealedUserData = { password: other.seal('hush', userDataOwner(aFunction().urn, 'password')) };
    expect(await run('exports.handler = async () => 1;', { sealedUserData })).toEqual({
      kind: 'unavailable',
      reason: 'the encrypted user data cannot be opened with the platform key',
    });
    await eventually(async () => (await temporaryFolders()).length === 0);
  });

  it('has a temporary folder for each instance, and leaves none', async () => {
    under = await open(
      'exports.handler = async () => { await new Promise((r) => setTimeout(r, 50)); return process.env.TMPDIR; };',
      {},
      4,
      'none',
    );
    const { runtime, fn } = under;
    const outcomes = await Promise.all([fn, fn].map(async (given) => runtime.run(callOf(given), new AbortController().signal)));
    expect(new Set(outcomes.map((outcome) => ('responsePayload' in outcome ? String(outcome.responsePayload) : ''))).size).toBe(
      2,
    );
    await runtime.close();
    await eventually(async () => (await temporaryFolders()).length === 0);
  });

  it('may share its inline source with a function of another file name', async () => {
    under = await open('exports.handler = async () => __filename.split("/").pop();');
    const { runtime, fn } = under;
    const other = { ...fn, urn: `${fn.urn}2`, handler: 'lib/main.handler' };
    for (const [given, file] of [
      [fn, '"index.js"'],
      [other, '"main.js"'],
    ] as const)
      expect(await runtime.run(callOf(given), new AbortController().signal)).toEqual({
        kind: 'succeeded',
        responsePayload: Buffer.from(file),
      });
  });
});
