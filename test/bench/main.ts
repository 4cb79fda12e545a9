/**
 * Measures one whole installation on this machine, load generator included: accepted and completed a second at 64 connections, by token
 * and by signature, and at 256; completed a second from the Kafka door; the CPU of each process, and how late 1,000 records are released, alone and while 100,000 others wait.
 * Prints JSON and keeps it in test/bench/results/.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { readFileSync } from 'node:fs';
import { post } from './load.ts';
import { type Lateness, Releases } from './releases.ts';
import { sdkDate, signed } from '../request-signer.ts';
import { cpuSecondsBelow } from './process-cpu.ts';

const fewConnections = 64;
const manyConnections = 256;
const loadMs = Number(process.env['BENCH_LOAD_MS'] ?? 10_000);
const retries = 1_000;
/** Of these many wait beside those whose lateness is measured. */
const waiting = 100_000;
const produced = 100_000;
const producedAtOnce = 1_000;
const settleDeadlineMs = 120_000;

const firstKey = { SENDOFF_ACCESS_KEY: 'AKBENCH', SENDOFF_SECRET_KEY: 'sk-bench' };
const event = '{"key":"value"}';

const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-bench-'));
const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', 'dist/apps/standalone/src/main.js'], {
  env: {
    ...process.env,
    SENDOFF_PORT: '0',
    SENDOFF_DATA_DIR: dataDir,
    SENDOFF_PROJECT_ID: 'p1',
    SENDOFF_TOKEN: 'bench-token',
    ...firstKey,
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('exit', () => child.kill('SIGKILL'));
const url = await new Promise<string>((resolve) => {
  createInterface({ input: child.stdout }).on('line', (line) => {
    const address = /^Sendoff is ready on (\S+)$/.exec(line)?.[1];
    if (address !== undefined) resolve(address);
  });
});
const api = `${url}/v2/p1/fgs/functions`;
const headers = { 'content-type': 'application/json', 'x-auth-token': 'bench-token' };

async function call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

async function makeFunction(name: string, source: string): Promise<void> {
  await call('POST', '', {
    func_name: name,
    package: 'default',
    runtime: 'Node.js20.15',
    handler: 'index.handler',
    timeout: 10,
    memory_size: 256,
    code_type: 'inline',
    func_code: { file: Buffer.from(source).toString('base64') },
    strategy_config: { concurrency: 1, concurrent_num: 200 },
  });
}

const settled = async (name: string, count: number) => counted(name, 'SUCCESS', count);

async function counted(name: string, status: string, count: number): Promise<void> {
  const deadline = performance.now() + settleDeadlineMs;
  for (;;) {
    const page = await call('GET', `/${name}/async-invocations?status=${status}&limit=1`);
    if (Number(page['count']) >= count) return;
    if (performance.now() > deadline)
      throw new Error(`${String(page['count'])} of ${count} were ${status} after ${settleDeadlineMs / 1_000} s`);
    // Asked more often, the counting alone would take a good part of a core.
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Signed once: the same request is good for 15 minutes, and the load generator is to cost the same as with a token. */
function signedHeaders(): Record<string, string> {
  const path = new URL(`${api}/noop/invocations-async`).pathname.slice(1).split('/');
  const own = { host: new URL(url).host, 'content-type': 'application/json', 'x-project-id': 'p1' };
  const key = { accessKey: firstKey.SENDOFF_ACCESS_KEY, secretKey: firstKey.SENDOFF_SECRET_KEY, date: sdkDate(Date.now()) };
  return signed({ method: 'POST', path, headers: own, body: event }, key);
}

/** Invocations of the function under load that were accepted so far, all of which have ended before more are measured. */
let accepted = 0;

async function throughput(headers: Record<string, string>, connections = fewConnections): Promise<Record<string, unknown>> {
  const earlier = accepted;
  const before = await cpuSecondsBelow(child.pid ?? 0);
  const startedAt = performance.now();
  const load = await post(`${api}/noop/invocations-async`, headers, event, connections, loadMs);
  accepted += load.answered;
  await settled('noop', earlier + load.answered);
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await cpuSecondsBelow(child.pid ?? 0);
  const cpu = Object.fromEntries(
    [...after].map(([name, used]) => [name, Number(((used - (before.get(name) ?? 0)) / seconds).toFixed(2))]),
  );
  return {
    connections,
    acceptedPerSecond: Math.round(load.answered / load.seconds),
    failed: load.failed,
    p50Ms: Number(load.p50Ms.toFixed(1)),
    p99Ms: Number(load.p99Ms.toFixed(1)),
    completedPerSecond: Math.round(load.answered / seconds),
    coresOfEachProcess: cpu,
  };
}

async function lateOfRetries(releases: Releases): Promise<Lateness> {
  await makeFunction(
    'once',
    'const seen = new Set(); exports.handler = async ({ n }) => { if (seen.has(n)) return n; seen.add(n); throw new Error("again"); };',
  );
  await call('PUT', '/once/async-invoke-config', {
    max_async_retry_attempts: 1,
    retry_wait_base_in_seconds: 8,
    retry_wait_max_in_seconds: 8,
  });
  await Promise.all(Array.from({ length: retries }, async (_, n) => call('POST', '/once/invocations-async', { n })));
  await settled('once', retries);
  return releases.take();
}

/** Calls a function through the Kafka door. @param delaySeconds of each call. */
async function produce(producer: Producer, name: string, delaySeconds: readonly number[]): Promise<void> {
  for (let from = 0; from < delaySeconds.length; from += producedAtOnce)
    await producer.send({
      topic: 'sendoff.intake',
      messages: delaySeconds.slice(from, from + producedAtOnce).map((seconds) => ({
        value: event,
        headers: { 'sendoff-function': name, 'sendoff-project': 'p1', 'sendoff-delay-seconds': String(seconds) },
      })),
    });
}

/** How fast what comes by the Kafka door is run and recorded. */
async function completedFromKafka(kafka: Kafka): Promise<Record<string, unknown>> {
  await makeFunction('consumed', 'exports.handler = async () => 1;');
  const producer = kafka.producer();
  await producer.connect();
  const startedAt = performance.now();
  await produce(producer, 'consumed', Array<number>(produced).fill(0));
  await settled('consumed', produced);
  const seconds = (performance.now() - startedAt) / 1_000;
  await producer.disconnect();
  return { records: produced, completedPerSecond: Math.round(produced / seconds) };
}

/** How late some are while many wait for their hour, and how fast the Kafka door takes those many. */
async function lateAmongMany(kafka: Kafka, releases: Releases): Promise<Record<string, unknown>> {
  await makeFunction('later', 'exports.handler = async () => 1;');
  const producer = kafka.producer();
  await producer.connect();
  const startedAt = performance.now();
  await produce(
    producer,
    'later',
    Array.from({ length: waiting }, (_, n) => 1_800 + (n % 1_800)),
  );
  await counted('later', 'WAIT', waiting);
  const seconds = (performance.now() - startedAt) / 1_000;
  await produce(
    producer,
    'later',
    Array.from({ length: retries }, (_, n) => 10 + (n % 10)),
  );
  await settled('later', retries);
  await producer.disconnect();
  return { waiting, takenPerSecond: Math.round(waiting / seconds), ...releases.take() };
}

const { kafkaBrokers } = JSON.parse(readFileSync(join(dataDir, 'running.json'), 'utf8')) as { kafkaBrokers: string[] };
const kafka = new kafkajs.Kafka({ brokers: kafkaBrokers, logLevel: kafkajs.logLevel.NOTHING });

await makeFunction('noop', 'exports.handler = async () => 1;');
// New processes take many seconds of load to reach their pace: whatever is measured first would look slow.
await throughput(headers);
await throughput(signedHeaders());
const throughputs = {
  throughput: await throughput(headers),
  signedThroughput: await throughput(signedHeaders()),
  throughputOfMany: await throughput(headers, manyConnections),
};
const fromKafka = await completedFromKafka(kafka);
const releases = await Releases.watch(kafka);
const result = {
  at: new Date().toISOString(),
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, load generator included`,
  ...throughputs,
  fromKafka,
  lateOfRetries: await lateOfRetries(releases),
  lateAmongMany: await lateAmongMany(kafka, releases),
};
await releases.close();
console.log(JSON.stringify(result, null, 2));
await mkdir('test/bench/results', { recursive: true });
await writeFile(`test/bench/results/${result.at.replaceAll(':', '-')}.json`, `${JSON.stringify(result, null, 2)}\n`);
child.kill('SIGTERM');
await new Promise((resolve) => child.once('exit', resolve));
await rm(dataDir, { recursive: true, force: true });
process.exit(0);
