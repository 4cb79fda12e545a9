import { Registry as Metrics } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { registerGatewayMetrics, unreadOf } from './gateway-metrics.ts';
import type { PartitionEnd, PartitionProgress } from './ports.ts';

const at = (topic: string, partition: number, finishedTo: bigint): PartitionProgress => ({
  topic,
  partition,
  finishedTo,
  handedOutTo: finishedTo,
  oldestAt: undefined,
  isPaused: false,
});

/** Collects the lag of these partitions. @returns lines of the exposition format. */
async function lagOf(
  partitions: readonly PartitionProgress[],
  ends: (topic: string) => Promise<readonly PartitionEnd[]>,
): Promise<readonly string[]> {
  const metrics = new Metrics();
  const publisherLoad = () => ({ records: 0, bytes: 0, requests: 0 });
  registerGatewayMetrics(metrics, { publisherLoad, progress: () => partitions, keptRecords: () => [], ends });
  const text = await metrics.metrics();
  return text.split('\n').filter((line) => line.startsWith('sendoff_consumer_lag_records'));
}

describe('unreadOf', () => {
  it('counts what no handler has got yet in each partition of the topic', async () => {
    const handedOut = { ...at('a', 0, 2n), handedOutTo: 6n };
    const ends = async () => [
      { partition: 0, start: 0n, end: 10n },
      { partition: 1, start: 7n, end: 9n },
    ];
    const unread = await unreadOf({ progress: () => [handedOut, at('a', 1, 3n), at('b', 0, 0n)], ends }, 'a');
    expect(unread).toEqual([
      { partition: 0, records: 4 },
      { partition: 1, records: 2 },
    ]);
  });

  it('asks no broker about a topic of which this process has no partition', async () => {
    expect(
      await unreadOf({ progress: () => [at('b', 0, 0n)], ends: async () => Promise.reject(new Error('asked')) }, 'a'),
    ).toEqual([]);
  });
});

describe('sendoff_consumer_lag_records', () => {
  it('adds up the partitions of a topic', async () => {
    const bounds = [
      { partition: 0, start: 0n, end: 10n },
      { partition: 1, start: 0n, end: 5n },
    ];
    expect(await lagOf([at('a', 0, 4n), at('a', 1, 5n)], async () => bounds)).toEqual([
      'sendoff_consumer_lag_records{topic="a"} 6',
    ]);
  });

  it('does not count records that retention has deleted', async () => {
    const bounds = [{ partition: 0, start: 8n, end: 10n }];
    expect(await lagOf([at('a', 0, 0n)], async () => bounds)).toEqual(['sendoff_consumer_lag_records{topic="a"} 2']);
  });

  it('is 0 for a topic that was created again and is shorter than before', async () => {
    const bounds = [{ partition: 0, start: 0n, end: 1n }];
    expect(await lagOf([at('a', 0, 7n)], async () => bounds)).toEqual(['sendoff_consumer_lag_records{topic="a"} 0']);
  });

  it('is absent for a topic whose ends the brokers do not tell, and present for the others', async () => {
    const ends = async (topic: string) => {
      if (topic === 'gone') throw new Error('no answer');
      return [{ partition: 0, start: 0n, end: 3n }];
    };
    expect(await lagOf([at('gone', 0, 0n), at('a', 0, 0n)], ends)).toEqual(['sendoff_consumer_lag_records{topic="a"} 3']);
  });
});
