/**
 * Goal: an error outside a call fails nobody but the call that caused it, and only while that call
 * runs. Method: real processes whose code throws after its answer, beside other calls.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openNodeFunctions, withSource } from '../../../testing/node-functions.ts';

let under: Awaited<ReturnType<typeof openNodeFunctions>>;
let logged: [requestId: string, text: string][];
beforeEach(async () => {
  logged = [];
  under = await openNodeFunctions({ onLog: (...entry) => void logged.push(entry) });
});
afterEach(async () => under.close());

const shared = { concurrencyPerInstance: 4, instancesMax: 1 };

describe('an error outside a call', () => {
  it('fails none of 60 calls in a row, and is logged for each that caused it', async () => {
    const fn = withSource(
      "async function f() { throw new Error('stray'); } exports.handler = async (e) => { if (e.n % 4 === 0) f(); return e.n; };",
    );
    const kinds: string[] = [];
    for (let n = 0; n < 60; n++) kinds.push((await under.run(fn, { n }, { requestId: `r${n}` })).kind);
    expect(kinds).toEqual(Array(60).fill('succeeded'));
    const causes = Array.from({ length: 15 }, (_, index) => `r${4 * index}`);
    await expect.poll(() => logged.filter(([, text]) => text.includes('Error: stray')).map(([id]) => id)).toEqual(causes);
    // 15 processes start one after another.
  }, 30_000);

  it.each([
    ['rejects', 'void Promise.reject(new Error("stray"));'],
    ['throws in a timer', 'setTimeout(() => { throw new Error("stray"); }, 50);'],
    [
      'throws in an emitter',
      'const e = new (require("node:events"))(); setTimeout(() => e.emit("error", new Error("stray")), 50);',
    ],
    ['throws a value that is no error', 'setTimeout(() => { throw { stray: 1 }; }, 50);'],
    ['throws often', 'for (let i = 0; i < 5; i++) setTimeout(() => { throw new Error("stray"); }, 50 + i);'],
  ])('lets running calls finish: code that answers, then %s', async (_what, does) => {
    const fn = withSource(
      `exports.handler = async ({ bad }) => { if (bad) { ${does} return 'bad'; } await new Promise((done) => setTimeout(done, 400)); return 'fine'; };`,
      shared,
    );
    const runs = [false, true, false].map(async (bad, n) => under.run(fn, { bad }, { requestId: `r${n}` }));
    expect((await Promise.all(runs)).map(({ kind }) => kind)).toEqual(Array(3).fill('succeeded'));
    expect([...new Set(logged.filter(([, text]) => text.includes('stray')).map(([id]) => id))]).toEqual(['r1']);
    await expect.poll(() => under.runtime.instances).toBe(0);
  });

  it('that no call caused fails no call, and is logged without a request id', async () => {
    const fn = withSource(
      `let begun = () => {}; const first = new Promise((resolve) => (begun = resolve));
       const timer = setInterval(() => { if (started) { clearInterval(timer); throw new Error('stray'); } }, 20); let started = false;
       exports.handler = async () => { started = true; await new Promise((done) => setTimeout(done, 300)); return 1; };`,
      shared,
    );
    expect(await under.run(fn)).toMatchObject({ kind: 'succeeded' });
    expect(logged.filter(([, text]) => text.includes('stray')).map(([id]) => id)).toEqual(['']);
    await expect.poll(() => under.runtime.instances).toBe(0);
  });

  it('is the reason of a start that fails', async () => {
    const fn = withSource(
      `setTimeout(() => { throw new RangeError('while loading'); }, 10); exports.init = (context, done) => setTimeout(done, 300);
       exports.handler = async () => 1;`,
      { initializer: { handler: 'index.init', timeoutMs: 5_000 } },
    );
    expect(await under.run(fn)).toMatchObject({ kind: 'failed', errorMessage: 'while loading' });
  });

  it('still fails the running call that caused it, once', async () => {
    const fn = withSource(
      `exports.handler = async () => { setTimeout(() => { throw new Error('mine'); }, 20); setTimeout(() => { throw new Error('again'); }, 40);
       await new Promise((done) => setTimeout(done, 200)); return 1; };`,
      shared,
    );
    expect(await under.run(fn)).toMatchObject({ kind: 'failed', errorMessage: 'mine' });
  });

  it('fails the call that ends the process, and no other', async () => {
    const fn = withSource(
      `exports.handler = async ({ bad }) => { await new Promise((done) => setTimeout(done, 100)); if (bad) process.exit(7);
       await new Promise((done) => setTimeout(done, 200)); return 1; };`,
      shared,
    );
    const [first, ...others] = await Promise.all([true, false, false].map(async (bad) => under.run(fn, { bad })));
    expect(first).toMatchObject({ kind: 'failed', errorMessage: expect.stringContaining('exit code 7') });
    expect(others.map(({ kind }) => kind)).toEqual(['succeeded', 'succeeded']);
    await expect.poll(() => under.runtime.instances).toBe(0);
  });

  it('does not end the process of the next call by an exit that comes late', async () => {
    const fn = withSource(
      `exports.handler = async ({ bad }) => { if (bad) setTimeout(() => process.exit(3), 50);
       else await new Promise((done) => setTimeout(done, 200)); return 1; };`,
      shared,
    );
    expect(await under.run(fn, { bad: true }, { requestId: 'r1' })).toMatchObject({ kind: 'succeeded' });
    expect(await under.run(fn, { bad: false }, { requestId: 'r2' })).toMatchObject({ kind: 'succeeded' });
    expect(logged).toEqual([['r1', 'the code tried to end its process (exit code 3)\n']]);
  });

  it.each<[what: string, top: string, does: string, logs: string]>([
    [
      'a listener that exits',
      'process.on("uncaughtException", () => process.exit(1));',
      'throw new Error("stray");',
      'Error: stray',
    ],
    [
      'a listener of rejections that exits',
      'process.on("unhandledRejection", () => process.exit(1));',
      'void Promise.reject(1);',
      'exit code 1',
    ],
    [
      'a listener that throws',
      'process.on("uncaughtException", () => { throw new Error("again"); });',
      'throw 1;',
      'Error: again',
    ],
    [
      'a monitor that throws',
      'process.on("uncaughtExceptionMonitor", () => { throw new Error("again"); });',
      'throw 1;',
      'Error: again',
    ],
    [
      'a capture callback that throws',
      'process.setUncaughtExceptionCaptureCallback(() => { throw new Error("again"); });',
      'throw 1;',
      'Error: again',
    ],
    [
      'a domain whose listener throws',
      'const domain = require("node:domain").create().on("error", () => { throw new Error("again"); });',
      'domain.run(() => process.nextTick(() => { throw 1; }));',
      'Error: again',
    ],
    ['no listener', 'process.removeAllListeners();', 'throw new Error("stray");', 'Error: stray'],
    ['a signal', '', 'process.kill(process.pid);', 'SIGTERM'],
    ['SIGKILL', '', 'process.kill(process.pid, 9);', 'SIGKILL'],
    ['an abort', '', 'process.abort();', 'SIGABRT'],
    ['an exit below process.exit', '', 'process.reallyExit(4);', 'exit code 4'],
    ['a list of causes that cannot be read', '', 'throw Object.assign(new Error("stray"), { errors: trap });', 'Error: stray'],
  ])('does not fail the next call: %s', async (_what, top, does, logs) => {
    const fn = withSource(
      `${top} const trap = Object.defineProperty([1], 0, { get() { throw 1; } }); exports.handler = async ({ bad }) => {
       if (bad) setTimeout(() => { ${does} }, 50); else await new Promise((done) => setTimeout(done, 300)); return 1; };`,
      shared,
    );
    expect(await under.run(fn, { bad: true }, { requestId: 'r1' })).toMatchObject({ kind: 'succeeded' });
    expect(await under.run(fn, { bad: false }, { requestId: 'r2' })).toMatchObject({ kind: 'succeeded' });
    expect([...new Set(logged.map(([id]) => id))]).toEqual(['r1']);
    expect(logged.map(([, text]) => text).join('')).toContain(logs);
  });

  it.each([
    ['a signal', 'process.kill(process.pid, "SIGINT")', 'SIGINT'],
    ['an abort', 'process.abort()', 'SIGABRT'],
    ['an exit', 'process.exit(3)', 'exit code 3'],
  ])('blames the running call that ends its process by %s, even after another error', async (_what, ends, how) => {
    const fn = withSource(
      `exports.handler = async ({ stray }) => { if (stray) throw setTimeout(() => { throw new Error('stray'); }, 50) && 'no';
       await new Promise((done) => setTimeout(done, 200)); ${ends}; };`,
      shared,
    );
    const message = expect.stringContaining(how);
    expect(await under.run(fn)).toMatchObject({ kind: 'failed', errorMessage: message });
    await expect.poll(() => under.runtime.instances).toBe(0);
    const [, own] = await Promise.all([true, false].map(async (stray) => under.run(fn, { stray })));
    expect(own).toMatchObject({ kind: 'failed', errorMessage: message });
  });

  it('lets the code signal itself if it listens', async () => {
    const fn = withSource(
      `exports.handler = () => new Promise((done) => { process.once('SIGUSR2', () => done(5)); process.kill(process.pid, 'SIGUSR2'); });`,
    );
    expect(await under.run(fn)).toMatchObject({ kind: 'succeeded' });
  });
});
