/**
 * Measures questions for records in a store of SQLite, and of PostgreSQL, that holds many. The
 * records come in as events, so that counts, tags and notices are as in an installation. Prints
 * JSON: the median and the slowest of ten answers to each question, in milliseconds.
 *
 * `npm run bench:records [records]`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs, type InvocationSearch, type NoticeQuery, type StatusQuery } from '#contracts';
import type { StatusEvent } from '#lifecycle';
import { systemClock } from '#platform';
import { PostgresStatusStore } from '../../apps/status-logger/src/adapters/postgres/postgres-status-store.ts';
import { SqliteStatusStore } from '../../apps/status-logger/src/adapters/sqlite-status-store.ts';
import type { StatusStore } from '../../apps/status-logger/src/status-store.ts';
import { postgresPrograms, startPostgres } from '../postgres-server.ts';
import { machine } from './installation.ts';

const records = Number(process.argv[2] ?? 1_000_000);
const perTransaction = 1_000;
const questionsEach = 10;
const retentionMs = 24 * 3_600_000;
const project = 'p1';
const functions = 20;
const urnOf = (number: number) => `urn:fss:local:${project}:function:default:f${number}:latest`;
const targets = 50;
/** Records were accepted over 20 hours, up to now. */
const endAt = epochMs(Date.now());
const beginAt = epochMs(endAt - 20 * 3_600_000);
const idOf = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`;

/** Events of one invocation: it ended and has a notice, or waits for a retry. Each tenth failed. */
function eventsOf(number: number): readonly StatusEvent[] {
  const acceptedAt = epochMs(beginAt + Math.floor((number / records) * (endAt - beginAt)));
  const subject = { requestId: idOf(number), functionUrn: urnOf(number % functions), project, acceptedAt };
  const tags = number % 1_000 === 0 ? ['rare'] : number % 3 === 0 ? ['common'] : [];
  if (number % 100 === 99)
    return [{ ...subject, kind: 'waiting', attempt: 2, dueAt: epochMs(endAt + (number % 3_600) * 1_000), lastError: 'no luck' }];
  const hasFailed = number % 10 === 0;
  const error = number % 10_000 === 0 ? `rare fault ${number}` : 'no luck';
  const delivery = {
    deliveryId: `on_${hasFailed ? 'failure' : 'success'} OBS bucket-${number % targets}`,
    state: number % 50 === 0 ? 'undelivered' : number % 500 === 1 ? 'pending' : 'delivered',
    tries: 1,
    at: acceptedAt,
  } as const;
  return [
    { ...subject, kind: 'queued', attempt: 1, lastError: '', ...(tags.length > 0 ? { tags } : {}) },
    {
      ...{ ...subject, kind: 'settled', condition: hasFailed ? 'UnhandledInvocationError' : '', attempts: 1 },
      ...{ startedAt: acceptedAt, endedAt: epochMs(acceptedAt + 20), errorMessage: hasFailed ? error : '' },
    } as StatusEvent,
    { kind: 'delivery', requestId: subject.requestId, delivery },
  ];
}

/** @returns records per second. */
async function fill(store: StatusStore): Promise<number> {
  const startedAt = performance.now();
  for (let first = 0; first < records; first += perTransaction) {
    const numbers = Array.from({ length: Math.min(perTransaction, records - first) }, (_, index) => first + index);
    await store.fold(numbers.flatMap(eventsOf), async () => undefined);
  }
  return Math.round(records / ((performance.now() - startedAt) / 1_000));
}

const list: StatusQuery = { project, beginAt, endAt, offset: 0, limit: 50 };
const search: InvocationSearch = { project, beginAt, endAt, limit: 50 };
const notices: NoticeQuery = { project, beginAt, endAt, limit: 50, states: ['pending', 'delivered', 'undelivered'] };
const one = { functionUrns: [urnOf(3)] };
const middle = Math.floor(records / 2);

/** Questions by what they ask for. */
const questions: Readonly<Record<string, (store: StatusStore) => Promise<unknown>>> = {
  'list of one function': async (store) => store.query({ ...list, ...one }),
  'list of one function, failed ones': async (store) => store.query({ ...list, functionUrns: [urnOf(0)], statuses: ['FAIL'] }),
  'list of one function, page 200': async (store) => store.query({ ...list, ...one, offset: 10_000 }),
  'list of all functions': async (store) => store.query(list),
  'one request id': async (store) => store.query({ ...list, requestIds: [idOf(middle)] }),
  'list of one function by a rare tag': async (store) => store.query({ ...list, functionUrns: [urnOf(0)], tag: 'rare' }),
  'list of one function by a common tag': async (store) => store.query({ ...list, ...one, tag: 'common' }),
  'list by a rare tag': async (store) => store.query({ ...list, tag: 'rare' }),
  'list by a common tag': async (store) => store.query({ ...list, tag: 'common' }),
  'search, all': async (store) => store.search(search),
  'search by function': async (store) => store.search({ ...search, ...one }),
  'search by request ids, as for an idempotency key': async (store) => store.search({ ...search, requestIds: [idOf(middle)] }),
  'search by a common error text': async (store) => store.search({ ...search, errorText: 'LUCK' }),
  'search by a rare error text': async (store) => store.search({ ...search, errorText: 'rare fault' }),
  'search by an error text that nothing has': async (store) => store.search({ ...search, errorText: 'absent' }),
  'search by a rare tag': async (store) => store.search({ ...search, tag: 'rare' }),
  'search by a common tag': async (store) => store.search({ ...search, tag: 'common' }),
  'search by a common tag and a function': async (store) => store.search({ ...search, ...one, tag: 'common' }),
  'search of failed ones': async (store) => store.search({ ...search, statuses: ['FAIL'] }),
  'notices, all': async (store) => store.notices(notices),
  'notices of one function': async (store) => store.notices({ ...notices, ...one }),
  'notices of one target, undelivered': async (store) =>
    store.notices({ ...notices, deliveryId: 'on_failure OBS bucket-0', states: ['undelivered'] }),
  'targets with their counts': async (store) => store.targets({ project, limit: 50 }),
  'one explanation': async (store) => store.find(project, idOf(middle)),
  'totals of all functions': async (store) => store.totals({ project, limit: 100 }),
  'statistics of a day': async (store) =>
    store.minutes(
      project,
      Array.from({ length: functions }, (_, number) => urnOf(number)),
      beginAt,
      endAt,
    ),
  'age of the oldest': async (store) => store.oldestInFlight(project, [urnOf(19)]),
};

/** @returns `[median, slowest]` of the answers to each question, in milliseconds. */
async function timesOf(store: StatusStore): Promise<Readonly<Record<string, readonly [number, number]>>> {
  const times: Record<string, readonly [number, number]> = {};
  for (const [what, ask] of Object.entries(questions)) {
    const took: number[] = [];
    for (let count = 0; count < questionsEach; count += 1) {
      const startedAt = performance.now();
      await ask(store);
      took.push(performance.now() - startedAt);
    }
    took.sort((a, b) => a - b);
    times[what] = [Number(took[questionsEach / 2]?.toFixed(1)), Number(took.at(-1)?.toFixed(1))];
  }
  return times;
}

async function measured(store: StatusStore) {
  try {
    const foldedPerSecond = await fill(store);
    return { foldedPerSecond, answersMs: await timesOf(store) };
  } finally {
    await store.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'sendoff-records-'));
try {
  const sqlite = await measured(await SqliteStatusStore.open(join(folder, 'status.db'), systemClock));
  console.log(JSON.stringify({ machine, records, sqlite }, undefined, 2));
} finally {
  await rm(folder, { recursive: true });
}
const programs = postgresPrograms();
if ('missing' in programs) console.log(programs.missing);
else {
  const server = await startPostgres([]);
  try {
    const url = await server.newDatabase();
    const postgres = await measured(await PostgresStatusStore.open({ url, retentionMs }, systemClock, Math.random));
    console.log(JSON.stringify({ postgres }, undefined, 2));
  } finally {
    await server.stop();
  }
}
