import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  delayed,
  encodeActivity,
  encodeDelivery,
  encodeInvocation,
  encodeSettlement,
  epochMs,
  type IncomingRecord,
  PlatformError,
  type TopicName,
} from '#contracts';
import { systemClock } from '#platform';
import {
  aDelivery,
  anInvocation,
  aPublication,
  asIncoming,
  aSettlement,
  builtAt,
  builtUrn,
  eventually,
  ManualClock,
} from '#testing';
import { SqliteStatusStore } from './adapters/sqlite-status-store.ts';
import { ProgressToStore } from './progress-to-store.ts';
import { Recorder } from './recorder.ts';

const policy = { statusLog: 'group/stream' };

/** Time for transactions that must not be. */
const nextTurns = async () => {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
};

async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'sendoff-recorder-'));
  const store = await SqliteStatusStore.open(join(folder, 'status.db'), systemClock);
  onTestFinished(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const clock = new ManualClock(builtAt + 50);
  const lines: string[] = [];
  const batches: number[] = [];
  let failing: 'log' | 'commit' | undefined;
  const mayFail = (part: 'log' | 'commit') => {
    if (failing !== part) return;
    failing = undefined;
    throw new Error(`${part} failed`);
  };
  const progress = new Map<number, bigint>();
  const transactions: number[] = [];
  const restarted = () =>
    new Recorder(
      {
        fold: async (events, beforeCommit, stored) => {
          await store.fold(
            events,
            async (changes) => {
              await beforeCommit(changes);
              mayFail('commit');
            },
            stored,
          );
          transactions.push(events.length);
        },
      },
      {
        async append(added) {
          mayFail('log');
          lines.push(...added.map(({ statusLog, line }) => `${statusLog} ${line}`));
        },
      },
      clock,
      { transactionEnded: (records) => batches.push(records), storingChanged: () => undefined },
      new ProgressToStore(() => [...progress].map(([partition, finishedTo]) => ({ topic: 't', partition, finishedTo }))),
      { add: () => undefined },
    );
  const recorder = restarted();
  const progressStored = async () =>
    Object.fromEntries((await store.progress()).map(({ partition, finishedTo }) => [partition, finishedTo]));
  const stored = async () => (await store.query(all)).records;
  return {
    stored,
    progress,
    progressStored,
    transactions,
    clock,
    lines,
    batches,
    recorder,
    restarted,
    failNext: (part: 'log' | 'commit') => void (failing = part),
  };
}

const all = { project: 'p1', beginAt: epochMs(0), endAt: epochMs(builtAt * 2), offset: 0, limit: 500 };
const invocation = anInvocation({ policy });
const running = {
  kind: 'running',
  requestId: invocation.requestId,
  functionUrn: builtUrn,
  project: 'p1',
  acceptedAt: builtAt,
  attempt: 1,
  startedAt: epochMs(builtAt + 5),
  statusLog: 'group/stream',
} as const;
const story: readonly [TopicName, IncomingRecord][] = [
  ['invocations', asIncoming(encodeInvocation('t', invocation))],
  ['activity', asIncoming(encodeActivity('t', running))],
  [
    'settlements',
    asIncoming(
      encodeSettlement('t', aSettlement({ invocation, condition: 'HandledInvocationError', errorMessage: 'a|b\nc\u2028d' })),
    ),
  ],
];

describe('the recorder', () => {
  it('the recorder stores the same record whatever the order of the topics', async () => {
    for (const order of [story, story.toReversed()]) {
      const { recorder, stored } = await setUp();
      for (const [topic, record] of order) await recorder.record(topic, record);
      expect(await stored()).toMatchObject([
        {
          requestId: invocation.requestId,
          status: 'FAIL',
          errorCode: 4201,
          attempts: 1,
          functionUrn: builtUrn,
          acceptedAt: builtAt,
          endedAt: builtAt + 10,
        },
      ]);
    }
  });

  it('the recorder writes one log line per change of status, and none for a record that is read again', async () => {
    const { recorder, lines } = await setUp();
    for (const [topic, record] of [...story, ...story]) await recorder.record(topic, record);
    expect(lines).toEqual([
      `group/stream ${builtUrn}|${invocation.requestId}|0|${builtAt}|0|`,
      `group/stream ${builtUrn}|${invocation.requestId}|1|${builtAt + 5}|0|`,
      `group/stream ${builtUrn}|${invocation.requestId}|3|${builtAt + 10}|4201|a\\u{7c}b\\u{a}c\\u{2028}d`,
    ]);
  });

  it('the recorder writes a log line again when the line or the commit failed', async () => {
    const { recorder, lines, failNext, stored } = await setUp();
    const [topic, record] = story[0] ?? expect.fail();
    for (const part of ['log', 'commit'] as const) {
      failNext(part);
      await expect(recorder.record(topic, record)).rejects.toThrow(part);
      expect(await stored()).toEqual([]);
    }
    await recorder.record(topic, record);
    expect(lines).toEqual(Array(2).fill(`group/stream ${builtUrn}|${invocation.requestId}|0|${builtAt}|0|`));
  });

  it('records that arrive together share one transaction', async () => {
    const { recorder, batches } = await setUp();
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) =>
        recorder.record('invocations', asIncoming(encodeInvocation('t', anInvocation({ requestId: `r${index}` })))),
      ),
    );
    expect(batches).toEqual([300]);
  });

  it('the recorder stores nothing for a published message that waits for its next try', async () => {
    const { recorder, stored, batches } = await setUp();
    const delivery = aDelivery({ try: 2, event: { kind: 'published', publication: aPublication() } });
    await recorder.record('delays.near', asIncoming(delayed(encodeDelivery('t', delivery), 't', 'notifications', builtAt)));
    expect([await stored(), batches]).toEqual([[], []]);
  });

  it('the recorder stores how far partitions are once no records wait, and then writes nothing more', async () => {
    const { recorder, progress, progressStored, transactions } = await setUp();
    const [topic, record] = story[0] ?? expect.fail();
    progress.set(0, 7n);
    await recorder.record(topic, record).then(() => progress.set(0, 8n));
    await eventually(async () => (await progressStored())[0] === 8n);
    await nextTurns();
    expect(transactions).toEqual([1, 0]);
  });

  it('the recorder stores the progress of partitions that bring no records', async () => {
    const { recorder, progress, progressStored, transactions, clock } = await setUp();
    recorder.start();
    progress.set(3, 5n);
    await clock.advance(100);
    await eventually(async () => (await progressStored())[3] === 5n);
    await clock.advance(1_000);
    await nextTurns();
    expect(transactions).toEqual([0]);
    recorder.close();
  });

  it('the recorder stores how far a partition is whose topic was made again, also after a restart', async () => {
    const { recorder, progress, progressStored, clock, restarted } = await setUp();
    recorder.start();
    const isStoredAs = async (finishedTo: bigint) => {
      progress.set(3, finishedTo);
      await clock.advance(100);
      await eventually(async () => (await progressStored())[3] === finishedTo);
    };
    await isStoredAs(500n);
    await isStoredAs(3n);
    await isStoredAs(400n);
    recorder.close();
    const next = restarted();
    next.start();
    await isStoredAs(2n);
    next.close();
  });

  it('the recorder stores no progress before the records that belong to it', async () => {
    const { recorder, progress, progressStored, failNext } = await setUp();
    const [topic, record] = story[0] ?? expect.fail();
    failNext('commit');
    await expect(recorder.record(topic, record)).rejects.toThrow('commit');
    await nextTurns();
    expect(await progressStored()).toEqual({});
    await recorder.record(topic, record).then(() => progress.set(0, 1n));
    await eventually(async () => (await progressStored())[0] === 1n);
  });

  it('is not storing from a failure of the store until a transaction goes well', async () => {
    let isAway = true;
    const fold = async () => {
      if (isAway) throw new PlatformError('STORE_UNAVAILABLE');
    };
    const ignore = () => undefined;
    const log = { append: async () => undefined };
    const progress = new ProgressToStore(() => []);
    const told: boolean[] = [];
    const observer = { transactionEnded: ignore, storingChanged: (isStoring: boolean) => told.push(isStoring) };
    const recorder = new Recorder({ fold }, log, new ManualClock(), observer, progress, { add: ignore });
    const record = asIncoming(encodeInvocation('t', anInvocation()));
    expect(recorder.isStoring).toBe(true);
    await expect(recorder.record('invocations', record)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(recorder.isStoring).toBe(false);
    isAway = false;
    await recorder.record('invocations', record);
    await recorder.record('invocations', record);
    expect(recorder.isStoring).toBe(true);
    expect(told).toEqual([false, true]);
  });

  it('notices within 5 s that the store is away, or is there again, while no records come', async () => {
    let isAway = false;
    const fold = async () => {
      if (isAway) throw new PlatformError('STORE_UNAVAILABLE');
    };
    const ignore = () => undefined;
    const clock = new ManualClock();
    const observer = { transactionEnded: ignore, storingChanged: ignore };
    const log = { append: async () => undefined };
    const recorder = new Recorder({ fold }, log, clock, observer, new ProgressToStore(() => []), { add: ignore });
    recorder.start();
    await clock.advance(6_000);
    await nextTurns();
    expect(recorder.isStoring).toBe(true);
    for (const away of [true, false]) {
      isAway = away;
      for (let waitedMs = 0; waitedMs < 5_200; waitedMs += 100) {
        await clock.advance(100);
        await nextTurns();
      }
      expect(recorder.isStoring).toBe(!away);
    }
    recorder.close();
  });

  it('the recorder rejects a record of the wrong shape', async () => {
    const { recorder } = await setUp();
    await expect(recorder.record('settlements', asIncoming({ topic: 't', value: null, headers: {} }))).rejects.toMatchObject({
      code: 'CONTRACT_VIOLATED',
    });
  });
});
