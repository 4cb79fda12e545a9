import { describe, expect, it } from 'vitest';
import { BatchQueue, type CallRecords, type PublishCall, type QueuedRecord, queuedRecord } from './publisher-queue.ts';
import { PublisherRoom } from './publisher-room.ts';

const limits = {
  batchBytesMax: 1_000,
  requestBytesMax: 2_000,
  requestRecordsMax: 3,
  givingWayRecordsMax: 2,
  queueBytesMax: 5_000,
  queueRecordsMax: 4,
};

/** A room, and the one queue that its records enter: as with a single broker. */
class PublisherQueue {
  private readonly queue: BatchQueue;
  private readonly room: PublisherRoom;

  constructor(bounds: typeof limits) {
    this.queue = new BatchQueue(bounds, (record) => this.room.leave([record]));
    this.room = new PublisherRoom(bounds, {
      leaders: () => 1,
      leaderOf: () => 1,
      admitted: (records) => {
        for (const record of records) this.queue.push(record);
      },
    });
  }

  get records(): number {
    return this.room.records;
  }

  get bytes(): number {
    return this.room.bytes;
  }

  get pressingRecords(): number {
    return this.queue.pressingRecords;
  }

  add(call: CallRecords): void {
    this.room.enter(call);
  }

  isWaitingForRoom(call: PublishCall): boolean {
    return this.room.isWaiting(call);
  }

  nextBatch(): QueuedRecord[] {
    return this.queue.nextBatch();
  }

  release(records: readonly QueuedRecord[]): void {
    this.room.leave(records);
  }

  dropSettled(): void {
    this.queue.dropSettled();
  }

  takeAll(): QueuedRecord[] {
    return this.queue.takeAll();
  }
}

/** A call with one record for each of these topics; each record has `bytes` and its own framing. */
function aCall(topics: readonly string[], bytes = 1, givesWay = false): CallRecords {
  const call: PublishCall = {
    unacknowledged: topics.length,
    isSettled: false,
    givesWay,
    deadlineAt: 0,
    resolve: () => undefined,
    reject: () => undefined,
  };
  const value = Buffer.alloc(bytes);
  const records = topics.map((topic) => queuedRecord({ topic, value, headers: {} }, call));
  return { call, records, bytes: records.reduce((sum, record) => sum + record.bytes, 0) };
}

const urnOf = (name: string) => `urn:fss:local:p:function:default:${name}:latest`;

/** Calls with one record each for a function, of the same topic. */
function callsOf(name: string, count: number, bytes = 1): CallRecords[] {
  return Array.from({ length: count }, () => {
    const { call } = aCall(['a']);
    const record = queuedRecord({ topic: name, value: Buffer.alloc(bytes), headers: { 'function-urn': urnOf(name) } }, call);
    return { call, records: [record], bytes: record.bytes };
  });
}

/** All batches until the queue is empty; each is released before the next is taken. */
function batchesOf(queue: PublisherQueue): string[] {
  const batches: string[] = [];
  for (let batch = queue.nextBatch(); batch.length > 0; batch = queue.nextBatch()) {
    batches.push(topicsOf(batch));
    queue.release(batch);
  }
  return batches;
}

const topicsOf = (batch: readonly { readonly topic: string }[]) => batch.map(({ topic }) => topic).join('');

describe('the room and the queue of a publisher', () => {
  it('bounds the bytes of one topic in a batch, and adds records of another topic', () => {
    const queue = new PublisherQueue(limits);
    queue.add(aCall(['a', 'b'], 500));
    queue.add(aCall(['a', 'a'], 500));
    expect([topicsOf(queue.nextBatch()), topicsOf(queue.nextBatch())]).toEqual(['ab', 'a']);
  });

  it('bounds the records of a batch', () => {
    const queue = new PublisherQueue(limits);
    queue.add(aCall(['a', 'b', 'c', 'd']));
    expect([topicsOf(queue.nextBatch()), topicsOf(queue.nextBatch())]).toEqual(['abc', 'd']);
  });

  it('counts records and bytes until they are released', () => {
    const queue = new PublisherQueue(limits);
    const call = aCall(['a', 'a']);
    queue.add(call);
    const batch = queue.nextBatch();
    expect([queue.records, queue.bytes, queue.pressingRecords]).toEqual([2, call.bytes, 0]);
    queue.release(batch);
    expect([queue.records, queue.bytes]).toEqual([0, 0]);
  });

  it('lets a call wait for room, and small calls behind it, until records are released', () => {
    const queue = new PublisherQueue(limits);
    const [first, large, small] = [aCall(['a', 'a', 'a']), aCall(['b', 'b']), aCall(['c'])];
    for (const call of [first, large, small]) queue.add(call);
    expect([first, large, small].map(({ call }) => queue.isWaitingForRoom(call))).toEqual([false, true, true]);
    queue.release(queue.nextBatch());
    expect(topicsOf(queue.nextBatch())).toBe('bcb');
  });

  it('admits a call that is larger than the queue if nothing else is counted', () => {
    const queue = new PublisherQueue({ ...limits, requestRecordsMax: 10 });
    queue.add(aCall(['a', 'b', 'c', 'd', 'e']));
    expect(topicsOf(queue.nextBatch())).toBe('abcde');
  });

  it('drops the records of a settled call and counts them no longer', () => {
    const queue = new PublisherQueue(limits);
    const [failed, kept] = [aCall(['a']), aCall(['b'])];
    for (const call of [failed, kept]) queue.add(call);
    failed.call.isSettled = true;
    expect([topicsOf(queue.nextBatch()), queue.records]).toEqual(['b', 1]);
  });

  it('takes the record of a quiet function with the next batch, behind a flood of another', () => {
    const queue = new PublisherQueue({ ...limits, queueRecordsMax: 100 });
    for (const call of [...callsOf('n', 20), ...callsOf('q', 1)]) queue.add(call);
    expect(topicsOf(queue.nextBatch())).toBe('nqn');
  });

  it('keeps the order of the records of one function, also across its versions', () => {
    const queue = new PublisherQueue({ ...limits, queueRecordsMax: 100, requestRecordsMax: 10 });
    const { call } = aCall(['a']);
    const versions = ['1', '2', '3'].map((version) =>
      queuedRecord({ topic: version, value: null, headers: { 'function-urn': urnOf('n').replace('latest', version) } }, call),
    );
    for (const record of versions) queue.add({ call, records: [record], bytes: record.bytes });
    for (const quiet of callsOf('q', 2)) queue.add(quiet);
    expect(topicsOf(queue.nextBatch())).toBe('1q2q3');
  });

  it('gives room to a quiet function in turn, while many calls of another wait for room', () => {
    const queue = new PublisherQueue(limits);
    const quiet = callsOf('q', 1);
    for (const call of [...callsOf('n', 20), ...quiet]) queue.add(call);
    queue.release(queue.nextBatch());
    queue.release(queue.nextBatch());
    expect(quiet.map(({ call }) => queue.isWaitingForRoom(call))).toEqual([false]);
  });

  it('keeps a large call at the head of its function, and admits it before others that came later', () => {
    const queue = new PublisherQueue(limits);
    for (const call of callsOf('n', 4)) queue.add(call);
    const large = aCall(['b', 'b', 'b', 'b']);
    queue.add(large);
    for (const call of callsOf('q', 5)) queue.add(call);
    expect(batchesOf(queue)).toEqual(['nnn', 'n', 'bbb', 'bqq', 'qqq']);
  });

  it('takes records that give way after all others, and a bounded number of them in a batch', () => {
    const queue = new PublisherQueue({ ...limits, requestRecordsMax: 10, queueRecordsMax: 100 });
    for (let i = 0; i < 5; i += 1) queue.add(aCall(['w'], 1, true));
    queue.add(aCall(['a']));
    expect(batchesOf(queue)).toEqual(['aww', 'ww', 'w']);
  });

  it('does not count records that give way as pressing', () => {
    const queue = new PublisherQueue(limits);
    queue.add(aCall(['w'], 1, true));
    expect([queue.pressingRecords, queue.records]).toEqual([0, 1]);
  });

  it('leaves half of the room to records that do not give way', () => {
    const queue = new PublisherQueue(limits);
    const waiting = [aCall(['w'], 1, true), aCall(['w'], 1, true), aCall(['w'], 1, true)];
    const pressing = [aCall(['a']), aCall(['a'])];
    for (const call of [...waiting, ...pressing]) queue.add(call);
    const isWaiting = ({ call }: CallRecords) => queue.isWaitingForRoom(call);
    expect([waiting.map(isWaiting), pressing.map(isWaiting)]).toEqual([
      [false, false, true],
      [false, false],
    ]);
  });

  it('makes room for the oldest settled calls of each function, although no batch is taken', () => {
    const queue = new PublisherQueue({ ...limits, queueRecordsMax: 6 });
    const calls = [...callsOf('n', 3), ...callsOf('q', 2), aCall(['w'], 1, true)];
    for (const call of calls) queue.add(call);
    for (const index of [0, 1, 3, 5]) Object.assign(calls[index]?.call ?? {}, { isSettled: true });
    queue.dropSettled();
    expect([queue.records, topicsOf(queue.nextBatch())]).toEqual([2, 'nq']);
  });

  it('gives all of its records back, to be queued for other leaders', () => {
    const queue = new PublisherQueue({ ...limits, queueRecordsMax: 100 });
    for (const call of [...callsOf('n', 2), aCall(['w'], 1, true), ...callsOf('q', 1)]) queue.add(call);
    expect([topicsOf(queue.takeAll()), queue.nextBatch(), queue.records]).toEqual(['nnqw', [], 4]);
  });
});
