/**
 * Measures one whole installation on this machine, load generator included. Prints JSON, and keeps
 * it in test/bench/results/:
 *
 * - accepted and completed invocations a second at 64 connections, by token and by signature;
 * - the same at 256 connections by token;
 * - completed invocations a second from the Kafka door, and the CPU of each process;
 * - the lateness of 1,000 released records, alone and while 100,000 others wait.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { BenchInstallation, machine } from './installation.ts';
import { post } from './load.ts';
import { cpuSecondsBelow } from './process-cpu.ts';
import { type Lateness, Releases } from './releases.ts';

const fewConnections = 64;
const manyConnections = 256;
const loadMs = Number(process.env['BENCH_LOAD_MS'] ?? 10_000);
const retries = 1_000;
/** Of these many wait beside those whose lateness is measured. */
const waiting = 100_000;
const produced = 100_000;
const producedAtOnce = 1_000;
const event = '{"key":"value"}';

const installation = await BenchInstallation.start();
const invocationsUrl = `${installation.functionsUrl}/noop/invocations-async`;
const { tokenHeaders } = installation;
// Signed once for the whole run, so that the load generator costs the same as with a token.
const signedHeaders = () => installation.signedHeaders('noop', event);

/**
 * Invocations of the function under load that were accepted so far, all of which have ended before
 * more are measured.
 */
let accepted = 0;

async function throughput(headers: Record<string, string>, connections = fewConnections): Promise<Record<string, unknown>> {
  const earlier = accepted;
  const before = await cpuSecondsBelow(installation.pid);
  const startedAt = performance.now();
  const load = await post(invocationsUrl, headers, event, connections, loadMs);
  accepted += load.answered;
  await installation.untilSucceeded('noop', earlier + load.answered);
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await cpuSecondsBelow(installation.pid);
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
  await installation.createFunction(
    'once',
    'const seen = new Set(); exports.handler = async ({ n }) => { if (seen.has(n)) return n; seen.add(n); throw new Error("again"); };',
  );
  await installation.call('PUT', '/once/async-invoke-config', {
    max_async_retry_attempts: 1,
    retry_wait_base_in_seconds: 8,
    retry_wait_max_in_seconds: 8,
  });
  await Promise.all(Array.from({ length: retries }, async (_, n) => installation.call('POST', '/once/invocations-async', { n })));
  await installation.untilSucceeded('once', retries);
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
  await installation.createFunction('consumed', 'exports.handler = async () => 1;');
  const producer = kafka.producer();
  await producer.connect();
  const startedAt = performance.now();
  await produce(producer, 'consumed', Array<number>(produced).fill(0));
  await installation.untilSucceeded('consumed', produced);
  const seconds = (performance.now() - startedAt) / 1_000;
  await producer.disconnect();
  return { records: produced, completedPerSecond: Math.round(produced / seconds) };
}

/**
 * How late some are while many wait for their hour, and how fast the Kafka door takes those many.
 */
async function lateAmongMany(kafka: Kafka, releases: Releases): Promise<Record<string, unknown>> {
  await installation.createFunction('later', 'exports.handler = async () => 1;');
  const producer = kafka.producer();
  await producer.connect();
  const startedAt = performance.now();
  await produce(
    producer,
    'later',
    Array.from({ length: waiting }, (_, n) => 1_800 + (n % 1_800)),
  );
  await installation.untilCounted('later', 'WAIT', waiting);
  const seconds = (performance.now() - startedAt) / 1_000;
  await produce(
    producer,
    'later',
    Array.from({ length: retries }, (_, n) => 10 + (n % 10)),
  );
  await installation.untilSucceeded('later', retries);
  await producer.disconnect();
  return { waiting, takenPerSecond: Math.round(waiting / seconds), ...releases.take() };
}

const kafka = new kafkajs.Kafka({ ...installation.kafkaOptions, logLevel: kafkajs.logLevel.NOTHING });

await installation.createFunction('noop', 'exports.handler = async () => 1;');
// New processes take many seconds of load to reach their pace: whatever is measured first would
// look slow.
await throughput(tokenHeaders);
await throughput(signedHeaders());
const throughputs = {
  throughput: await throughput(tokenHeaders),
  signedThroughput: await throughput(signedHeaders()),
  throughputOfMany: await throughput(tokenHeaders, manyConnections),
};
const fromKafka = await completedFromKafka(kafka);
const gateway = await installation.connectKafka();
const releases = await Releases.watch(gateway);
const result = {
  at: new Date().toISOString(),
  machine,
  ...throughputs,
  fromKafka,
  lateOfRetries: await lateOfRetries(releases),
  lateAmongMany: await lateAmongMany(kafka, releases),
};
await releases.close();
await gateway.close();
console.log(JSON.stringify(result, null, 2));
await mkdir('test/bench/results', { recursive: true });
await writeFile(`test/bench/results/${result.at.replaceAll(':', '-')}.json`, `${JSON.stringify(result, null, 2)}\n`);
await installation.stop();
process.exit(0);
