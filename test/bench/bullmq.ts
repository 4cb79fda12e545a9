import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort } from '#broker';
import type { Contender, RunningContender } from './contender.ts';
import { percentile } from './load.ts';
import { cpuSecondsBelow } from './process-cpu.ts';

const settleDeadlineMs = 120_000;
const pollMs = 250;
const program = 'test/bench/peers/bullmq';

/** Starts a program. It ends with this process. */
function start(file: string, args: readonly string[], cwd: string) {
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const firstLine = async (matches: RegExp) =>
    new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (matches.test(line)) resolve(line);
      });
    });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  return { child, firstLine, stop };
}

async function startBullmq(): Promise<RunningContender> {
  const folder = await mkdtemp(join(tmpdir(), 'sendoff-bench-bullmq-'));
  await cp(program, folder, { recursive: true });
  await promisify(execFile)('npm', ['install', '--silent', '--no-audit', '--no-fund'], { cwd: folder });
  const redisPort = await freePort();
  // Redis flushes each write before it acknowledges it. The broker of `npm start` does so only in
  // the row `flushed`.
  const durability = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  const redis = start('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', ...durability], folder);
  await redis.firstLine(/Ready to accept connections/);
  const parts = ['door', 'worker'].map((part) => start(process.execPath, ['main.mjs', part, String(redisPort)], folder));
  const [door = '', worker = ''] = await Promise.all(
    parts.map(async ({ firstLine }) => `http://127.0.0.1:${await firstLine(/^\d+$/)}`),
  );
  const ask = async <Answer>(path: string) => (await (await fetch(`${worker}${path}`)).json()) as Answer;
  const calls = { url: `${door}/`, headers: { 'content-type': 'application/json' } };
  return {
    calls,
    timedCalls: calls,
    async untilEnded(count) {
      const deadline = performance.now() + settleDeadlineMs;
      while ((await ask<{ ended: number }>('/ended')).ended < count) {
        if (performance.now() > deadline) throw new Error(`fewer than ${count} calls ended in time`);
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
    async takeStartDelays() {
      const sorted = (await ask<{ delaysMs: number[] }>('/delays')).delaysMs.toSorted((a, b) => a - b);
      return { events: sorted.length, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
    },
    async cpu() {
      const named = { redis, door: parts[0], worker: parts[1] };
      const used = await Promise.all(
        Object.entries(named).map(async ([name, part]) => {
          const seconds = [...(await cpuSecondsBelow(part?.child.pid ?? 0)).values()].reduce((sum, one) => sum + one, 0);
          return [name, seconds] as const;
        }),
      );
      return new Map(used);
    },
    async stop() {
      await Promise.all([redis, ...parts].map(async (part) => part.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** BullMQ on Redis, with each write flushed. Needs `redis-server` and the registry of npm. */
export const bullmq: Contender = { name: 'bullmq', start: startBullmq };
