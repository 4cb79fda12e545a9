/**
 * Goal: a function that writes to the channel of its process harms itself only. Method: real
 * processes whose code writes bytes of its own to the file descriptors.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeFunctionsSettings, openNodeFunctions, withSource } from '../../../testing/node-functions.ts';

/** Code that functions of these tests share: it writes frames to the channel. */
const forge = `
const { writeSync, closeSync } = require('node:fs');
const pause = new Int32Array(new SharedArrayBuffer(4));
const writeAll = (fd, bytes) => {
  for (let at = 0; at < bytes.length; )
    try { at += writeSync(fd, bytes, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; Atomics.wait(pause, 0, 0, 1); }
};
const u32 = (value) => { const b = Buffer.alloc(4); b.writeUInt32BE(value); return b; };
const f64 = (value) => { const b = Buffer.alloc(8); b.writeDoubleBE(value); return b; };
const frame = (kind, ...parts) => { const body = Buffer.concat([Buffer.from([kind]), ...parts.map((p) => Buffer.from(p))]); return Buffer.concat([u32(body.length), body]); };
const returned = (id, memory, payload) => frame(3, u32(id), f64(memory), [0], payload);
const log = (id, text) => frame(6, u32(id), text);
const never = new Promise(() => setInterval(() => {}, 1000));
`;
const broken = {
  kind: 'failed',
  condition: 'UnhandledInvocationError',
  errorMessage: expect.stringContaining('file descriptor 3'),
};

let under: Awaited<ReturnType<typeof openNodeFunctions>> | undefined;
let logged: [requestId: string, text: string][];
beforeEach(() => {
  logged = [];
});
afterEach(async () => {
  await under?.close();
  under = undefined;
});

const open = async (settings: NodeFunctionsSettings = {}) =>
  (under = await openNodeFunctions({ onLog: (...entry) => void logged.push(entry), ...settings }));
const doing = (code: string, given = {}) =>
  withSource(`${forge} exports.handler = async (event, context) => { ${code} };`, given);

describe('a function that writes to its channel', () => {
  it.each([
    ['a line end', "writeAll(3, Buffer.from('\\n')); writeAll(3, Buffer.alloc(9)); return never;"],
    ['JSON', 'writeAll(3, Buffer.from(\'[{"kind":"ready"}]\\n\')); return never;'],
    ['a length of 4 GB', 'writeAll(3, Buffer.concat([u32(0xffffffff), Buffer.from([6])])); return never;'],
    ['a second ready', 'writeAll(3, frame(1)); return never;'],
    ['an answer to a call of the future', "writeAll(3, returned(2, 1, '1')); return never;"],
    ['output of a call of the future', "writeAll(3, log(99, 'x')); return never;"],
    ['spoiled twice', 'writeAll(3, frame(5)); writeAll(3, frame(5)); return never;'],
    ['an answer of 1 MB', "writeAll(3, returned(1, 1, 'x'.repeat(1e6))); return never;"],
  ])('fails alone after %s', async (_what, code) => {
    const { run, runtime } = await open();
    expect(await run(doing(code))).toMatchObject(broken);
    expect(await run(withSource('exports.handler = async () => 1;', { urn: `${doing('').urn}2` }))).toMatchObject({
      kind: 'succeeded',
    });
    expect(runtime.instances).toBe(1);
  });

  it('fails alone if it does so while its code is loaded', async () => {
    const { run } = await open();
    const fn = withSource(`${forge} writeAll(3, Buffer.alloc(64)); exports.handler = async () => 1;`);
    expect(await run(fn)).toMatchObject({ kind: 'failed', errorMessage: expect.stringContaining('file descriptor 3') });
  });

  it('answers a call of its own at most once', async () => {
    const { run, runtime } = await open();
    expect(await run(doing("writeAll(3, returned(1, 1, '\"forged\"')); return 'late';"))).toMatchObject({
      kind: 'succeeded',
      responsePayload: Buffer.from('"forged"'),
    });
    await expect.poll(() => runtime.instances).toBe(0);
  });

  it('cannot write under the request id of another call', async () => {
    const { run } = await open();
    await run(doing("console.log('mine'); writeAll(3, log(1, 'r2 says this')); return 1;"), {}, { requestId: 'r1' });
    expect(logged).toEqual([
      ['r1', 'mine\n'],
      ['r1', 'r2 says this'],
    ]);
  });

  it('cannot claim more memory than it may have', async () => {
    const { run } = await open();
    const used: number[] = [];
    const observer = { printed: () => undefined, used: (bytes: number) => void used.push(bytes) };
    await run(doing("writeAll(3, returned(1, 1e15, '1')); return never;"), {}, { observer });
    expect(used).toEqual([(128 + 64) * 1_048_576]);
  });

  it('ends if it closes its channel', async () => {
    const { run } = await open();
    expect(await run(doing('closeSync(3); return never;'))).toMatchObject({ kind: 'failed' });
  });

  it('ends alone if it does not read while payloads arrive', async () => {
    const { run, runtime } = await open();
    const busy = doing('for (;;);', { concurrencyPerInstance: 20, instancesMax: 1 });
    const payload = Buffer.from(JSON.stringify('x'.repeat(200_000)));
    const before = process.memoryUsage().arrayBuffers;
    const outcomes = await Promise.all(Array.from({ length: 20 }, async () => run(busy, {}, { payload, timeoutMs: 800 })));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['failed']));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1_048_576);
    await expect.poll(() => runtime.instances).toBe(0);
  });
});

/** Collects all garbage, and gives free pages back to the system. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

describe('a function that writes without end', () => {
  it.each([
    [
      'a frame that never ends',
      'writeAll(3, Buffer.concat([u32(2e8), Buffer.from([6])])); for (;;) writeAll(3, Buffer.alloc(65536, 97));',
    ],
    ['output frames', "const f = log(1, 'x'.repeat(60000)); for (;;) writeAll(3, f);"],
    ['small output frames', "const f = Buffer.concat(Array.from({ length: 5000 }, () => log(1, 'x'))); for (;;) writeAll(3, f);"],
    ['to stdout', 'for (;;) writeAll(1, Buffer.alloc(65536, 97));'],
    ['line ends to stderr', 'for (;;) writeAll(2, Buffer.alloc(65536, 10));'],
  ])(
    'takes no memory and little time of the executor: %s',
    async (_what, code) => {
      let loggedLength = 0;
      const { run } = await open({ onLog: (_requestId, text) => void (loggedLength += text.length) });
      const neighbour = withSource('exports.handler = async () => 1;', { urn: `${doing('').urn}2` });
      await run(neighbour);
      // Garbage of earlier tests, and of this one, is no memory that the executor holds.
      collectGarbage();
      const before = process.memoryUsage.rss();
      let [isOver, rssMax, slowestMs] = [false, 0, 0];
      const flood = run(doing(code), {}, { timeoutMs: 3_000 }).finally(() => (isOver = true));
      while (!isOver) {
        const begunAt = performance.now();
        expect(await run(neighbour)).toMatchObject({ kind: 'succeeded' });
        slowestMs = Math.max(slowestMs, performance.now() - begunAt);
        collectGarbage();
        rssMax = Math.max(rssMax, process.memoryUsage.rss());
      }
      expect(await flood).toMatchObject({ kind: 'failed' });
      expect(rssMax - before).toBeLessThan(64 * 1_048_576);
      expect(loggedLength).toBeLessThan(24 * 1_048_576);
      expect(slowestMs).toBeLessThan(3_000);
    },
    30_000,
  );
});
