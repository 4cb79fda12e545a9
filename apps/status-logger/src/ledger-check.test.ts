/**
 * Goal: the ledger names an invocation that is lost, and never one that is not.
 * Method: the brokers are in memory, the store is SQLite. The group's commit is moved by hand, as a
 * faulty service or an operator would move it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { epochMs, Topics } from '#contracts';
import type { FinishedTo } from '#kafka/strategy';
import { systemClock } from '#platform';
import { builtAt, builtUrn, ManualClock } from '#testing';
import { SqliteStatusStore } from './adapters/sqlite-status-store.ts';
import { LedgerCheck } from './ledger-check.ts';

let folder: string;
let store: SqliteStatusStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-ledger-'));
  store = await SqliteStatusStore.open(join(folder, 'status.db'), systemClock);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const topics = new Topics('test.');
const subject = (requestId: string) => ({ requestId, functionUrn: builtUrn, project: 'p1', acceptedAt: builtAt });
const queue = async (requestId: string, offset: number) => {
  const place = { topic: 'invocations', partition: 0, offset, at: epochMs(builtAt + offset) } as const;
  await store.fold([{ ...subject(requestId), kind: 'queued', attempt: 1, lastError: '', place }], async () => undefined);
};
const end = async (requestId: string) => {
  const settled = { kind: 'settled', condition: '', attempts: 1, endedAt: builtAt, errorMessage: '' } as const;
  await store.fold([{ ...subject(requestId), ...settled }], async () => undefined);
};

function setUp({ committed, catchUp }: { committed: () => Promise<readonly FinishedTo[]>; catchUp: () => Promise<boolean> }) {
  const clock = new ManualClock(builtAt);
  const admin = { committed: async (groupId: string) => (groupId === topics.groupOf('executor') ? committed() : []) };
  const kafka = { topics, admin } as unknown as ConstructorParameters<typeof LedgerCheck>[1];
  const lines: string[] = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line) => lines.push(line) });
  const check = new LedgerCheck(store, kafka, catchUp, clock, logger, 15_000);
  return { check, clock, lines };
}
const commitTo = (finishedTo: bigint) => async () => [{ topic: topics.name('invocations'), partition: 0, finishedTo }];
const isCaughtUp = async () => true;

it('an invocation whose record is committed without anything that follows is listed', async () => {
  await queue('ended', 0);
  await end('ended');
  await queue('lost', 1);
  await queue('waits', 2);
  const { check } = setUp({ committed: commitTo(2n), catchUp: isCaughtUp });
  await check.check();
  expect(check.latest).toEqual({
    provenAt: builtAt,
    unaccounted: [{ requestId: 'lost', functionUrn: builtUrn, project: 'p1' }],
  });
});

it('an invocation is not listed if its end is folded while the store catches up', async () => {
  await queue('r1', 0);
  const catchUp = async () => {
    await end('r1');
    return true;
  };
  const { check } = setUp({ committed: commitTo(1n), catchUp });
  await check.check();
  expect(check.latest?.unaccounted).toEqual([]);
});

it('nothing is said while the store does not catch up or the brokers do not answer, and what was said stays', async () => {
  await queue('r1', 0);
  const facts = { isCaughtUp: false, finishedTo: 1n };
  const committed = async () => (facts.finishedTo < 0n ? Promise.reject(new Error('no broker')) : commitTo(facts.finishedTo)());
  const { check } = setUp({ committed, catchUp: async () => facts.isCaughtUp });
  await check.check();
  expect(check.latest).toBeUndefined();
  facts.isCaughtUp = true;
  await check.check();
  expect(check.latest?.unaccounted).toHaveLength(1);
  facts.finishedTo = -1n;
  await check.check();
  expect(check.latest?.unaccounted).toHaveLength(1);
});

it('a comparison that is tried again is told in one line, without a stack', async () => {
  const committed = async () => Promise.reject(new Error('no broker'));
  const { check, lines } = setUp({ committed, catchUp: isCaughtUp });
  await check.check();
  const msg = 'the ledger could not be compared with the commits; trying again later';
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([{ level: 40, error: 'Error: no broker', failures: 1, msg }]);
});
