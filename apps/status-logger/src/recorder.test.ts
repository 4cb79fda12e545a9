import { describe, expect, it } from 'vitest';
import {
  delayed,
  encodeActivity,
  encodeDelivery,
  encodeInvocation,
  encodeSettlement,
  epochMs,
  type IncomingRecord,
  type OutgoingRecord,
} from '#contracts';
import { aDelivery, anInvocation, aPublication, aSettlement, builtAt, builtUrn, ManualClock } from '#testing';
import { SqliteStatusStore } from './adapters/sqlite-status-store.ts';
import { Recorder } from './recorder.ts';

const policy = { statusLog: 'group/stream' };
const arrive = (record: OutgoingRecord): IncomingRecord => ({
  ...record,
  partition: 0,
  offset: 0n,
  timestamp: builtAt,
  key: record.key ?? null,
});

function setUp() {
  const store = new SqliteStatusStore(':memory:');
  const lines: string[] = [];
  const batches: number[] = [];
  let failing: 'log' | 'store' | undefined;
  const mayFail = (part: 'log' | 'store') => {
    if (failing !== part) return;
    failing = undefined;
    throw new Error(`${part} failed`);
  };
  const recorder = new Recorder(
    {
      read: (requestIds) => store.read(requestIds),
      query: (query) => store.query(query),
      sweep: (before, limit) => store.sweep(before, limit),
      close: () => store.close(),
      async write(records) {
        mayFail('store');
        return store.write(records);
      },
    },
    {
      async append(added) {
        mayFail('log');
        lines.push(...added.map(({ statusLog, line }) => `${statusLog} ${line}`));
      },
    },
    new ManualClock(builtAt + 50),
    { stored: (events) => batches.push(events) },
  );
  return { store, lines, batches, recorder, failNext: (part: 'log' | 'store') => void (failing = part) };
}

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
const story: readonly [string, IncomingRecord][] = [
  ['invocations', arrive(encodeInvocation('t', invocation))],
  ['activity', arrive(encodeActivity('t', running))],
  [
    'settlements',
    arrive(
      encodeSettlement('t', aSettlement({ invocation, condition: 'HandledInvocationError', errorMessage: 'a|b\nc\u2028d' })),
    ),
  ],
];

describe('Recorder', () => {
  it('keeps what the topics tell, in whatever order', async () => {
    for (const order of [story, story.toReversed()]) {
      const { recorder, store } = setUp();
      for (const [topic, record] of order) await recorder.record(topic, record);
      expect((await store.read([invocation.requestId])).get(invocation.requestId)).toMatchObject({
        status: 'FAIL',
        errorCode: 4201,
        attempts: 1,
        functionUrn: builtUrn,
        acceptedAt: builtAt,
        endedAt: builtAt + 10,
      });
    }
  });

  it('writes a log line a transition, and none for a record read again', async () => {
    const { recorder, lines } = setUp();
    for (const [topic, record] of [...story, ...story]) await recorder.record(topic, record);
    expect(lines).toEqual([
      `group/stream ${builtUrn}|${invocation.requestId}|0|${builtAt}|0|`,
      `group/stream ${builtUrn}|${invocation.requestId}|1|${builtAt + 5}|0|`,
      `group/stream ${builtUrn}|${invocation.requestId}|3|${builtAt + 10}|4201|a b c d`,
    ]);
  });

  it('writes the line of a record again when it could not be stored, or the line not be written', async () => {
    const { recorder, lines, failNext } = setUp();
    const [topic, record] = story[0] ?? expect.fail();
    for (const part of ['log', 'store'] as const) {
      failNext(part);
      await expect(recorder.record(topic, record)).rejects.toThrow(part);
    }
    await recorder.record(topic, record);
    expect(lines).toEqual(Array(2).fill(`group/stream ${builtUrn}|${invocation.requestId}|0|${builtAt}|0|`));
  });

  it('puts what arrives together into one transaction', async () => {
    const { recorder, batches } = setUp();
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) =>
        recorder.record('invocations', arrive(encodeInvocation('t', anInvocation({ requestId: `r${index}` })))),
      ),
    );
    expect(batches).toEqual([300]);
  });

  it('makes no record of a published message that waits for its next try', async () => {
    const { recorder, store, batches } = setUp();
    const delivery = aDelivery({ try: 2, occasion: { kind: 'published', publication: aPublication() } });
    await recorder.record('delays.near', arrive(delayed(encodeDelivery('t', delivery), 't', 'notifications', builtAt)));
    expect([(await store.read([aPublication().messageId])).size, batches]).toEqual([0, []]);
  });

  it('refuses a record of another shape', async () => {
    const { recorder } = setUp();
    await expect(recorder.record('settlements', arrive({ topic: 't', value: null, headers: {} }))).rejects.toMatchObject({
      code: 'CONTRACT_VIOLATED',
    });
  });
});
