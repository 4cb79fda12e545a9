/**
 * Goal: several processes of each service keep the promises of one. Method: three brokers, and the
 * processes of each service, without a supervisor. The function is a server of the test: it counts
 * how often it runs at once, and when each event arrives.
 *
 * `npm run test:several`; it is no part of `npm test`, because it starts 17 processes.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '#testing';
import { Client } from '../e2e/client.ts';
import { postgresPrograms, type RunningPostgres, startPostgres } from '../postgres-server.ts';
import { send } from '../signed-request.ts';
import { BrokerCluster } from '../fault/broker-cluster.ts';
import { type ServiceProcess, SeveralServices } from './several-services.ts';

/** Runs of one function. */
interface Runs {
  running: number;
  most: number;
  readonly begun: Map<string, number[]>;
}

let server: Server;
let serverUrl: string;
const functions = new Map<string, Runs>();
const runsOf = (name: string): Runs => {
  const runs = functions.get(name) ?? { running: 0, most: 0, begun: new Map<string, number[]>() };
  functions.set(name, runs);
  return runs;
};

let brokers: BrokerCluster;
let postgres: RunningPostgres | undefined;
let several: SeveralServices;
let ingresses: ServiceProcess[];
let executors: ServiceProcess[];
let clients: Client[];
let others: { schedulers: ServiceProcess[]; notifiers: ServiceProcess[]; loggers: ServiceProcess[] };

const startMany = async (count: number, start: () => Promise<ServiceProcess>) =>
  Promise.all(Array.from({ length: count }, async () => start()));

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const runs = runsOf(request.url?.slice(1) ?? '');
      const { id = '', ms = 0 } = JSON.parse(body) as { id?: string; ms?: number };
      runs.running += 1;
      runs.most = Math.max(runs.most, runs.running);
      runs.begun.set(id, [...(runs.begun.get(id) ?? []), performance.now()]);
      await delay(ms);
      runs.running -= 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id }));
    });
  }).listen(0, '127.0.0.1');
  brokers = await BrokerCluster.start(3);
  serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (!('missing' in postgresPrograms())) postgres = await startPostgres();
  several = await SeveralServices.open({
    KAFKA_BROKERS: brokers.servers,
    KAFKA_REPLICATION: '3',
    KAFKA_PARTITIONS: '6',
    FUNCTION_NETWORKS_ALLOWED: '127.0.0.0/8',
    FUNCTION_ISOLATION: 'none',
    ...(postgres === undefined ? {} : { DATABASE_URL: await postgres.newDatabase() }),
  });
  // The first one creates the topics.
  const loggers = [await several.start('status-logger')];
  const statusLoggerUrl = loggers[0]?.url ?? '';
  const [schedulers, notifiers, moreLoggers, started] = await Promise.all([
    startMany(2, async () => several.start('retry-scheduler')),
    startMany(2, async () => several.start('notifier')),
    startMany(1, async () => several.start('status-logger')),
    startMany(2, async () => several.start('executor')),
  ]);
  executors = started;
  others = { schedulers, notifiers, loggers: [...loggers, ...moreLoggers] };
  ingresses = await startMany(3, async () => several.start('ingress', { STATUS_LOGGER_URL: statusLoggerUrl }));
  clients = ingresses.map(({ url }) => new Client(url, 'p1', 'several-token'));
  await clients[0]?.grantEverything();
}, 400_000);

afterAll(async () => {
  await several?.close();
  await postgres?.stop();
  await brokers?.stop();
  server?.closeAllConnections();
  server?.close();
}, 60_000);

const client = (index = 0): Client => {
  const found = clients[index % clients.length];
  if (found === undefined) throw new Error('no ingress runs');
  return found;
};

/** Creates a function, and waits until every ingress knows it. */
async function aFunction(name: string, instancesMax: number): Promise<void> {
  await client().createHttpFunction(name, `${serverUrl}/${name}`, {
    strategy_config: { concurrency: instancesMax, concurrent_num: 1 },
    timeout: 20,
  });
  for (const one of clients)
    await eventually(async () => (await one.call('GET', `/fgs/functions/${name}/config`)).status === 200);
}

/** A steady load on one function through all ingresses, until it is stopped. */
function load(name: string, { everyMs, ms }: { readonly everyMs: number; readonly ms: number }) {
  const sent = new Map<string, number>();
  const requests: Promise<unknown>[] = [];
  const timer = setInterval(() => {
    const id = randomUUID();
    const at = performance.now();
    const accepted = client(sent.size).invoke(name, { id, ms });
    sent.set(id, at);
    requests.push(accepted);
  }, everyMs);
  return {
    /** Resolves when everything that was accepted has run. */
    stop: async () => {
      clearInterval(timer);
      await Promise.all(requests);
      await eventually(() => [...sent.keys()].every((id) => runsOf(name).begun.has(id)), { deadlineMs: 60_000 });
      const delays = [...sent].map(([id, at]) => ({ at, ms: (runsOf(name).begun.get(id)?.[0] ?? Number.NaN) - at }));
      const repeats = [...sent.keys()].filter((id) => (runsOf(name).begun.get(id)?.length ?? 0) > 1).length;
      return { sent: sent.size, delays, repeats };
    },
  };
}

const slowest = (delays: readonly { readonly at: number; readonly ms: number }[], from: number, to: number) =>
  Math.round(Math.max(0, ...delays.filter(({ at }) => at >= from && at <= to).map(({ ms }) => ms)));

it('every ingress calls a function with one instance, which runs once at any time', { timeout: 60_000 }, async () => {
  await aFunction('single', 1);
  const answers = await Promise.all(
    clients.flatMap((one) => [1, 2, 3].map(async () => one.call('POST', '/fgs/functions/single/invocations', { ms: 20 }))),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(runsOf('single').most).toBe(1);
});

it('a key, an idempotency key and a cancellation hold at every ingress', { timeout: 60_000 }, async () => {
  await aFunction('shared', 4);
  const made = await client(0).must<{ access_key: string; secret_key: string }>('POST', '/sendoff/credentials', {
    rights: ['invoke'],
  });
  for (const { url } of ingresses) {
    const key = { url, accessKey: made.access_key, secretKey: made.secret_key };
    await eventually(async () => (await send(key, 'POST', '/fgs/functions/shared/invocations-async', {})).status === 202);
  }
  const path = '/fgs/functions/shared/invocations-async';
  const repeated = await Promise.all(
    clients.map(async (one) => one.call<{ request_id: string }>('POST', path, { id: 'once' }, { 'idempotency-key': 'one' })),
  );
  expect(new Set(repeated.map(({ body }) => body.request_id)).size).toBe(1);

  const waiting = await client(0).call<{ request_id: string }>('POST', path, { id: 'late' }, { 'x-sendoff-delay-seconds': '20' });
  const { request_id: late } = waiting.body;
  await eventually(async () => (await client(1).record('shared', late)) !== undefined);
  await client(1).must('POST', '/fgs/functions/shared/cancel', { request_id: late });
  expect(await client(2).ended('shared', late)).toMatchObject({ status: 'FAIL', error_code: 4208 });
  expect([runsOf('shared').begun.get('once')?.length, runsOf('shared').begun.has('late')]).toEqual([1, false]);
});

it('executors come and go: nothing is lost, and no function runs more often than it may', { timeout: 180_000 }, async () => {
  await aFunction('limited', 3);
  const everyMs = 60;
  const limited = load('limited', { everyMs, ms: 50 });
  const single = load('single', { everyMs: everyMs * 4, ms: 20 });
  const pause = async () => delay(1_500);
  await pause();
  const joinAt = performance.now();
  const added = await several.start('executor');
  executors.push(added);
  const joinedAt = performance.now();
  await pause();
  const stopAt = performance.now();
  expect(await executors[0]?.terminate()).toBe(0);
  const stoppedAt = performance.now();
  await pause();
  const { schedulers, notifiers, loggers } = others;
  for (const stopping of [schedulers[0], notifiers[0], loggers[1]]) expect(await stopping?.terminate()).toBe(0);
  const ends = await Promise.all([limited.stop(), single.stop()]);
  const [first] = ends;
  const figures = {
    joinMs: slowest(first.delays, joinAt, joinedAt + 1_000),
    stopMs: slowest(first.delays, stopAt - 200, stoppedAt + 1_000),
    stoppedInMs: Math.round(stoppedAt - stopAt),
    usualMs: slowest(first.delays, 0, joinAt - 200),
  };
  console.log(`several: ${first.sent} invocations, slowest ${JSON.stringify(figures)}`);
  expect([runsOf('limited').most, runsOf('single').most]).toEqual([3, 1]);
  expect(ends.map(({ repeats }) => repeats)).toEqual([0, 0]);
  // 1 s on an idle machine; this one may be busy.
  expect(Math.max(figures.joinMs, figures.stopMs)).toBeLessThan(10_000);

  // A killed executor: its share is used again when its session is over.
  const again = load('limited', { everyMs, ms: 50 });
  await pause();
  await executors[1]?.kill();
  const { sent } = await again.stop();
  expect(sent).toBeGreaterThan(0);
  expect(runsOf('limited').most).toBe(3);
});
