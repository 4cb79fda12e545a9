/**
 * Goal: Ctrl-C does what it says. Method: `npm start` with npm, in a process group of its own that
 * gets the signal as from a terminal.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { eventually } from '#testing';
import { Client } from './client.ts';

describe('Ctrl-C on npm start', () => {
  let dataDir: string;
  let topicPrefix: string;
  let end: () => void;
  beforeEach(async () => {
    topicPrefix = `stop-${Math.random().toString(36).slice(2, 10)}.`;
    dataDir = await mkdtemp(join(tmpdir(), 'sendoff-stopping-'));
  });
  afterEach(async () => {
    end();
    for (const pid of await processes()) process.kill(pid, 'SIGKILL');
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  /** Processes of this installation that live, by the topic prefix in their environment. */
  async function processes(): Promise<readonly number[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const environments = await Promise.all(pids.map(async (pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')));
    return pids.filter((_pid, index) => environments[index]?.includes(`KAFKA_TOPIC_PREFIX=${topicPrefix}\0`)).map(Number);
  }

  /** The process of a service, once it runs. */
  async function processOf(service: string): Promise<number | undefined> {
    for (const pid of await processes()) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.includes(`/joined/apps/${service}/`)) return pid;
    }
    return undefined;
  }

  function start(program = 'npm', values: readonly string[] = ['start']) {
    const child = spawn(program, values, {
      detached: true,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        KAFKA_BROKERS: inject('kafkaBrokers'),
        KAFKA_TOPIC_PREFIX: topicPrefix,
        KAFKA_PARTITIONS: '2',
        SENDOFF_PORT: '0',
        SENDOFF_DATA_DIR: dataDir,
        SENDOFF_PROJECT_ID: 'p1',
        SENDOFF_TOKEN: 'e2e-token',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += String(chunk)));
    const pressCtrlC = () => process.kill(-(child.pid ?? 0), 'SIGINT');
    end = () => child.exitCode ?? child.signalCode ?? process.kill(-(child.pid ?? 0), 'SIGKILL');
    const send = (signal: NodeJS.Signals) => process.kill(-(child.pid ?? 0), signal);
    const stopReading = () => [child.stdout, child.stderr].forEach((output) => output.destroy());
    return { ended: once(child, 'exit'), pressCtrlC, send, stopReading, said: () => said };
  }

  it('drains, though npm passes it on as well, and ends all of it with 0', { timeout: 90_000 }, async () => {
    const { ended, pressCtrlC, said } = start();
    await eventually(() => said().includes('Sendoff is ready on'), { deadlineMs: 60_000 });
    expect((await processes()).length).toBeGreaterThan(5);
    pressCtrlC();
    await eventually(() => said().includes('draining'), { pauseMs: 1 });
    // npm passes the signal on, so two arrive; in about half of the runs the kernel merges them.
    pressCtrlC();
    expect([await ended, said()]).toEqual([[0, null], expect.stringContaining('draining')]);
    expect(said()).toContain('sendoff: ledger: accepted 0 = settled 0 + in flight 0; rejected 0; unaccounted 0\n');
    expect(await processes()).toEqual([]);
  });

  it.each([
    ['when the terminal closes', 'SIGHUP'],
    ['after Ctrl-\\', 'SIGQUIT'],
  ] as const)('drains %s, and leaves neither processes nor running.json', { timeout: 90_000 }, async (_when, signal) => {
    const { ended, send, stopReading, said } = start();
    await eventually(() => said().includes('Sendoff is ready on'), { deadlineMs: 60_000 });
    if (signal === 'SIGHUP') stopReading();
    send(signal);
    await ended;
    await eventually(async () => (await processes()).length === 0, { deadlineMs: 30_000 });
    expect(await readdir(dataDir)).not.toContain('running.json');
  });

  it('drains in order if the system sends SIGTERM to all of it at once', { timeout: 90_000 }, async () => {
    const { ended, said } = start();
    await eventually(() => said().includes('Sendoff is ready on'), { deadlineMs: 60_000 });
    const client = new Client(/ready on (\S+)/.exec(said())?.[1] ?? '', 'p1', 'e2e-token');
    const runs: ServerResponse[] = [];
    const server = createServer((_request, response) => void runs.push(response)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await client.grantEverything();
    await client.createHttpFunction('runs', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, { timeout: 30 });
    await client.invoke('runs');
    await eventually(() => runs.length === 1, { deadlineMs: 20_000 });
    const executor = (await processOf('executor')) ?? 0;
    for (const pid of await processes()) process.kill(pid, 'SIGTERM');
    await eventually(async () => (await processOf('ingress')) === undefined, { deadlineMs: 20_000 });
    expect(await processOf('executor')).toBe(executor);
    runs[0]?.end('{}');
    expect(await ended).toEqual([0, null]);
    expect(said()).toContain('ledger: accepted 1 = settled 1 + in flight 0; rejected 0; unaccounted 0\n');
    expect([runs.length, said()]).toEqual([1, expect.not.stringContaining('restarting')]);
    expect(await processes()).toEqual([]);
  });

  it('goes on when nobody reads its output, and ends with 0', { timeout: 90_000 }, async () => {
    const { ended, pressCtrlC, stopReading, said } = start();
    await eventually(() => said().includes('Sendoff is ready on'), { deadlineMs: 60_000 });
    const [, url = ''] = /ready on (\S+)/.exec(said()) ?? [];
    stopReading();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    pressCtrlC();
    expect(await ended).toEqual([0, null]);
    expect(await processes()).toEqual([]);
  });

  it('during the start leaves nobody behind', { timeout: 90_000 }, async () => {
    const { ended, pressCtrlC } = start();
    await eventually(async () => (await processes()).length > 5, { deadlineMs: 60_000 });
    pressCtrlC();
    await ended;
    await eventually(async () => (await processes()).length === 0, { deadlineMs: 20_000 });
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
  ] as const)('%s during the start ends the process with %d', { timeout: 90_000 }, async (signal, code) => {
    const { ended, send } = start(process.execPath, ['dist/apps/standalone/src/main.js']);
    await eventually(async () => (await processes()).length > 2, { deadlineMs: 60_000 });
    send(signal);
    expect(await ended).toEqual([code, null]);
  });

  it('during the start kills also a service that cannot drain', { timeout: 90_000 }, async () => {
    const { ended, pressCtrlC } = start();
    const executor = await eventually(async () => processOf('executor'), { deadlineMs: 60_000 });
    process.kill(executor, 'SIGSTOP');
    pressCtrlC();
    await ended;
    await eventually(async () => (await processes()).length === 0, { deadlineMs: 20_000 });
  });
});
