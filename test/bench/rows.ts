/**
 * The rows of the benchmark. Each measures figures of one contender in one round, on an
 * installation of its own. Names of figures end with their unit.
 */
import kafkajs, { type Producer } from 'kafkajs';
import type { CallTarget, Contender, RunningContender } from './contender.ts';
import type { Figures } from './figures.ts';
import { post, postAtRate } from './load.ts';
import { notices, noticeTargets } from './notices.ts';
import { processesBelow } from './process-cpu.ts';
import { Releases } from './releases.ts';
import { type RunningSendoff, startSendoff } from './sendoff.ts';

/** A bound of one figure, as such or as a share of what the peer reaches. */
export interface Goal {
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly ofPeer?: true;
}

/** One row. */
export interface Row {
  readonly name: string;
  readonly says: string;
  readonly goals: readonly Goal[];
  /** Measures any contender; absent if only Sendoff can be measured. */
  readonly ofContender?: (running: RunningContender) => Promise<Figures>;
  readonly ofSendoff?: () => Promise<Figures>;
}

const seconds = Number(process.env['BENCH_SECONDS'] ?? 8);
const event = '{"key":"value"}';
const produced = 50_000;
const producedAtOnce = 1_000;

/** Calls that ended, by contender: each row counts from the start of its installation. */
class Calls {
  private ended = 0;

  constructor(private readonly running: Pick<RunningContender, 'calls' | 'untilEnded'>) {}

  /** Posts over so many connections, and waits until all have ended. */
  async post(connections: number, forSeconds: number, target: CallTarget = this.running.calls) {
    const startedAt = performance.now();
    const load = await post(target.url, target.headers, event, connections, forSeconds * 1_000);
    this.ended += load.answered;
    await this.running.untilEnded(this.ended);
    return { ...load, endedPerSecond: (load.answered * 1_000) / (performance.now() - startedAt) };
  }
}

/** New processes take seconds of load to reach their pace. */
async function warmed(running: RunningContender): Promise<Calls> {
  const calls = new Calls(running);
  await calls.post(64, seconds);
  return calls;
}

async function throughput(running: RunningContender, connections: readonly number[]): Promise<Figures> {
  const calls = await warmed(running);
  const figures: Record<string, number> = {};
  for (const count of connections) {
    const before = await running.cpu();
    const load = await calls.post(count, seconds);
    figures[`accepted${count}PerSecond`] = load.answered / load.seconds;
    figures[`ended${count}PerSecond`] = load.endedPerSecond;
    figures[`answered${count}P50Ms`] = load.p50Ms;
    figures[`answered${count}P99Ms`] = load.p99Ms;
    figures[`failed${count}Calls`] = load.failed;
    let cpu = 0;
    for (const [name, used] of await running.cpu()) cpu += used - (before.get(name) ?? 0);
    figures[`cpu${count}UsPerCall`] = (cpu * 1e6) / load.answered;
  }
  return figures;
}

/**
 * Throughput of one, two and three executors. The partitions are shared anew when one is added, so
 * each count has a warm-up of its own.
 */
async function executors(running: RunningSendoff): Promise<Figures> {
  const calls = new Calls(running);
  const figures: Record<string, number> = {};
  for (const count of [1, 2, 3]) {
    if (count > 1) await running.installation.addExecutor();
    await calls.post(64, seconds);
    const before = await running.cpu();
    const { answered, endedPerSecond } = await calls.post(64, seconds);
    const after = await running.cpu();
    const usPerCall = (names: readonly string[]) =>
      (names.reduce((sum, name) => sum + (after.get(name) ?? 0) - (before.get(name) ?? 0), 0) * 1e6) / answered;
    figures[`ended${count}PerSecond`] = endedPerSecond;
    figures[`cpu${count}UsPerCall`] = usPerCall([...after.keys()]);
    figures[`executorCpu${count}UsPerCall`] = usPerCall(['executor', 'functions']);
  }
  return figures;
}

async function latency(running: RunningContender): Promise<Figures> {
  await warmed(running);
  const figures: Record<string, number> = {};
  for (const rate of [200, 800]) {
    await running.takeStartDelays();
    const { url, headers } = running.timedCalls;
    const now = () => JSON.stringify({ t: Date.now() });
    const load = await postAtRate(url, headers, now, rate, seconds * 1_000);
    const { events, p50Ms, p99Ms } = await untilTaken(running, load.answered);
    figures[`started${rate}P50Ms`] = p50Ms;
    figures[`started${rate}P99Ms`] = p99Ms;
    figures[`missing${rate}Events`] = load.answered - events;
  }
  return figures;
}

/** The last events start a moment after their calls were answered. */
async function untilTaken(running: RunningContender, events: number) {
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const delays = await running.takeStartDelays();
  if (delays.events < events) console.error(`${events - delays.events} of ${events} timed calls have not started in time`);
  return delays;
}

async function withSendoff<Result>(
  measure: (running: RunningSendoff) => Promise<Result>,
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const running = await startSendoff(env);
  try {
    return await measure(running);
  } finally {
    await running.stop();
  }
}

/** The rate from 5 s after the ready line on, as a share of the rate once warm. */
async function coldStart(running: RunningSendoff): Promise<Figures> {
  const calls = new Calls(running);
  await calls.post(64, 5);
  const cold = await calls.post(64, 3);
  for (let more = 0; more < 3; more += 1) await calls.post(64, seconds);
  const warm = await calls.post(64, seconds);
  const coldPerSecond = cold.answered / cold.seconds;
  const warmPerSecond = warm.answered / warm.seconds;
  return { coldPerSecond, warmPerSecond, coldShare: coldPerSecond / warmPerSecond };
}

async function signed(running: RunningSendoff): Promise<Figures> {
  const calls = await warmed(running);
  const byToken = await calls.post(64, seconds);
  // Signed once, so that the load generator costs the same as with a token.
  const headers = running.installation.signedHeaders('noop', event);
  await calls.post(64, 2, { url: running.calls.url, headers });
  const bySignature = await calls.post(64, seconds, { url: running.calls.url, headers });
  const tokenPerSecond = byToken.answered / byToken.seconds;
  const signedPerSecond = bySignature.answered / bySignature.seconds;
  return { tokenPerSecond, signedPerSecond, signedShare: signedPerSecond / tokenPerSecond };
}

/** Calls a function through the Kafka door. @param delaySeconds of each call. */
async function produce(producer: Producer, name: string, delaySeconds: readonly number[]): Promise<void> {
  for (let from = 0; from < delaySeconds.length; from += producedAtOnce)
    await producer.send({
      topic: 'sendoff.intake',
      messages: delaySeconds.slice(from, from + producedAtOnce).map((delay) => ({
        value: event,
        headers: { 'sendoff-function': name, 'sendoff-project': 'p1', 'sendoff-delay-seconds': String(delay) },
      })),
    });
}

async function withProducer<Result>(running: RunningSendoff, use: (producer: Producer) => Promise<Result>): Promise<Result> {
  const { installation } = running;
  const producer = new kafkajs.Kafka({ ...installation.kafkaOptions, logLevel: kafkajs.logLevel.NOTHING }).producer();
  await producer.connect();
  try {
    return await use(producer);
  } finally {
    await producer.disconnect();
  }
}

async function kafkaDoor(running: RunningSendoff): Promise<Figures> {
  const calls = await warmed(running);
  const http = await calls.post(64, seconds);
  await running.installation.createFunction('consumed', 'exports.handler = async () => 1;');
  const endedPerSecond = await withProducer(running, async (producer) => {
    const startedAt = performance.now();
    await produce(producer, 'consumed', Array<number>(produced).fill(0));
    await running.installation.untilSucceeded('consumed', produced);
    return (produced * 1_000) / (performance.now() - startedAt);
  });
  return { endedPerSecond, httpEndedPerSecond: http.endedPerSecond, ofHttpShare: endedPerSecond / http.endedPerSecond };
}

/** How late 1,000 are while many wait, and how fast the Kafka door takes those many. */
async function delays(running: RunningSendoff): Promise<Figures> {
  const { installation } = running;
  const waiting = Number(process.env['BENCH_WAITING'] ?? 100_000);
  const gateway = await installation.connectKafka();
  const releases = await Releases.watch(gateway);
  await installation.createFunction('later', 'exports.handler = async () => 1;');
  const timed = 1_000;
  // Of a million calls in an hour, all but the first are released by code that has run before.
  const first = Array.from({ length: 300 }, (_, n) => 1 + (n % 3));
  const hour = Array.from({ length: waiting }, (_, n) => 1_800 + (n % 1_800));
  const soon = Array.from({ length: timed }, (_, n) => 10 + (n % 10));
  const takenPerSecond = await withProducer(running, async (producer) => {
    const startedAt = performance.now();
    await produce(producer, 'later', hour);
    await installation.untilCounted('later', 'WAIT', waiting);
    const rate = (waiting * 1_000) / (performance.now() - startedAt);
    await produce(producer, 'later', first);
    await installation.untilSucceeded('later', first.length);
    releases.take();
    await produce(producer, 'later', soon);
    await installation.untilSucceeded('later', first.length + timed);
    return rate;
  });
  const { earliestMs = 0, p99Ms, latestMs = 0 } = releases.take();
  const scheduler = (await processesBelow(installation.pid)).find(({ name }) => name === 'retry-scheduler');
  await releases.close();
  await gateway.close();
  return { takenPerSecond, earliestMs, lateP99Ms: p99Ms, latestMs, schedulerMb: scheduler?.residentMb ?? Number.NaN };
}

/** Invocations whose success somebody is told of. They count once their notices are delivered. */
async function toldTo(target: keyof typeof noticeTargets, env: Readonly<Record<string, string>> = {}): Promise<Figures> {
  return withSendoff(
    async (running) => {
      await warmed(running);
      return notices(running, await noticeTargets[target](running.installation), event, seconds);
    },
    { WEBHOOK_NETWORKS_ALLOWED: '127.0.0.0/8', ...env },
  );
}

/** As with a folder, and a real store on the same cores. */
async function toldToS3(): Promise<Figures> {
  // Its first import builds the stores.
  const { clientOf, missingIn, s3Stores } = await import('../s3-stores.ts');
  const kind = s3Stores.find((one) => missingIn(one) === undefined);
  if (kind === undefined) throw new Error(`no S3 store can be started: ${s3Stores.map(missingIn).join('; ')}`);
  const s3 = await kind.start();
  try {
    await clientOf(s3).makeBucket('bench');
    return await toldTo('objects', { S3_ENDPOINT: s3.endpoint, S3_ACCESS_KEY: s3.accessKey, S3_SECRET_KEY: s3.secretKey });
  } finally {
    await s3.stop();
  }
}

async function idle(running: RunningSendoff): Promise<Figures> {
  // The work of the start is over by then.
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const before = await running.cpu();
  const startedAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  const elapsed = (performance.now() - startedAt) / 1_000;
  const figures: Record<string, number> = {};
  let totalMb = 0;
  const after = await running.cpu();
  for (const { name, residentMb } of await processesBelow(running.installation.pid)) {
    totalMb += residentMb;
    figures[`${name}Percent`] = (((after.get(name) ?? 0) - (before.get(name) ?? 0)) * 100) / elapsed;
    figures[`${name}Mb`] = Math.max(figures[`${name}Mb`] ?? 0, residentMb);
  }
  return { ...figures, totalMb };
}

/** All rows, in the order in which they are measured. */
export const rows: readonly Row[] = [
  {
    name: 'throughput',
    says: 'Calls of a function that does nothing, over HTTP, with their status kept.',
    goals: [
      { figure: 'accepted64PerSecond', atLeast: 1, ofPeer: true },
      { figure: 'ended64PerSecond', atLeast: 1, ofPeer: true },
      { figure: 'answered64P99Ms', atMost: 1.5, ofPeer: true },
      { figure: 'accepted256PerSecond', atLeast: 1, ofPeer: true },
      { figure: 'ended256PerSecond', atLeast: 1, ofPeer: true },
    ],
    ofContender: async (running) => throughput(running, [64, 256]),
  },
  {
    name: 'latency',
    says: 'From the sending of an event to the start of its function, at a fixed rate.',
    goals: [
      { figure: 'started200P50Ms', atMost: 2 },
      { figure: 'started200P99Ms', atMost: 8 },
      { figure: 'started800P99Ms', atMost: 20 },
    ],
    ofContender: latency,
  },
  {
    name: 'kafka',
    says: 'Calls through the Kafka door, beside those over HTTP at 64 connections.',
    goals: [{ figure: 'ofHttpShare', atLeast: 1.5 }],
    ofSendoff: async () => withSendoff(kafkaDoor),
  },
  {
    name: 'cold',
    says: 'The rate 5 s after the ready line, as a share of the rate once warm.',
    goals: [{ figure: 'coldShare', atLeast: 0.8 }],
    ofSendoff: async () => withSendoff(coldStart),
  },
  {
    name: 'signed',
    says: 'Signed calls beside calls with a token.',
    goals: [{ figure: 'signedShare', atLeast: 0.9 }],
    ofSendoff: async () => withSendoff(signed),
  },
  {
    name: 'delays',
    says: 'How late 1,000 calls are released while 100,000 wait (BENCH_WAITING), after 300 others.',
    goals: [
      { figure: 'takenPerSecond', atLeast: 10_000 },
      { figure: 'earliestMs', atLeast: 0 },
      { figure: 'lateP99Ms', atMost: 20 },
      { figure: 'schedulerMb', atMost: 512 },
    ],
    ofSendoff: async () => withSendoff(delays),
  },
  {
    name: 'streams',
    says: 'Invocations whose success is written to a stream, both counted as one.',
    goals: [{ figure: 'noticesPerSecond', atLeast: 5_000 }],
    ofSendoff: async () => toldTo('streams'),
  },
  {
    name: 'webhooks',
    says: 'Invocations whose success is posted to a webhook, both counted as one.',
    goals: [{ figure: 'noticesPerSecond', atLeast: 2_000 }],
    ofSendoff: async () => toldTo('webhooks'),
  },
  {
    name: 'objects',
    says: 'Invocations whose success is written to a bucket in a folder, both counted as one.',
    goals: [{ figure: 'noticesPerSecond', atLeast: 3_000 }],
    ofSendoff: async () => toldTo('objects'),
  },
  {
    name: 's3',
    says: 'Invocations whose success is written to a bucket in an S3 store, both counted as one.',
    goals: [{ figure: 'noticesPerSecond', atLeast: 600 }],
    ofSendoff: toldToS3,
  },
  {
    name: 'idle',
    says: 'CPU and memory of an installation that has nothing to do.',
    goals: [
      ...['ingress', 'executor', 'retry-scheduler', 'notifier', 'status-logger'].flatMap((service) => [
        { figure: `${service}Percent`, atMost: 2 },
        { figure: `${service}Mb`, atMost: 120 },
      ]),
      { figure: 'totalMb', atMost: 1_000 },
    ],
    ofSendoff: async () => withSendoff(idle),
  },
  {
    name: 'flushed',
    says: 'As throughput, with a broker that flushes each batch to the disk.',
    goals: [],
    ofSendoff: async () => withSendoff(async (running) => throughput(running, [64, 256]), { KAFKA_FLUSH_EACH_BATCH: 'true' }),
  },
  {
    name: 'executors',
    says: 'Calls of a function that does nothing, with one, two and three executors on the same cores.',
    goals: [],
    ofSendoff: async () => withSendoff(executors),
  },
  {
    name: 'curve',
    says: 'Throughput by the number of connections.',
    goals: [],
    ofContender: async (running) => throughput(running, [1, 4, 16, 64, 256]),
  },
];

/** Measures one round of a row. */
export async function measure({ ofContender, ofSendoff }: Row, contender: Contender): Promise<Figures> {
  if (ofSendoff !== undefined) return ofSendoff();
  if (ofContender === undefined) throw new Error('a row measures nothing');
  const running = await contender.start();
  try {
    return await ofContender(running);
  } finally {
    await running.stop();
  }
}
