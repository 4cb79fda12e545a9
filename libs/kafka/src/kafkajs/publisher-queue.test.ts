import { describe, expect, it } from 'vitest';
import { type CallRecords, type PublishCall, PublisherQueue, queuedRecord } from './publisher-queue.ts';

const limits = {
  batchBytesMax: 1_000,
  requestBytesMax: 2_000,
  requestRecordsMax: 3,
  queueBytesMax: 5_000,
  queueRecordsMax: 4,
};

/** A call with one record for each of these topics; each record has `bytes` and its own framing. */
function aCall(topics: readonly string[], bytes = 1): CallRecords {
  const call: PublishCall = {
    unacknowledged: topics.length,
    isSettled: false,
    deadlineAt: 0,
    resolve: () => undefined,
    reject: () => undefined,
  };
  const value = Buffer.alloc(bytes);
  const records = topics.map((topic) => queuedRecord({ topic, value, headers: {} }, call));
  return { call, records, bytes: records.reduce((sum, record) => sum + record.bytes, 0) };
}

const topicsOf = (batch: readonly { readonly topic: string }[]) => batch.map(({ topic }) => topic).join('');

describe('PublisherQueue', () => {
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
    expect([queue.records, queue.bytes, queue.queuedRecords]).toEqual([2, call.bytes, 0]);
    queue.release(batch);
    expect([queue.records, queue.bytes]).toEqual([0, 0]);
  });

  it('lets a call wait for room, and small calls behind it, until records are released', () => {
    const queue = new PublisherQueue(limits);
    const [first, large, small] = [aCall(['a', 'a', 'a']), aCall(['b', 'b']), aCall(['c'])];
    for (const call of [first, large, small]) queue.add(call);
    expect([first, large, small].map(({ call }) => queue.isWaitingForRoom(call))).toEqual([false, true, true]);
    queue.release(queue.nextBatch());
    expect(topicsOf(queue.nextBatch())).toBe('bbc');
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
});
