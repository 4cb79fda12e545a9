import { Registry as Metrics } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { registerGatewayMetrics } from './gateway-metrics.ts';
import type { PartitionEnd, PartitionProgress } from './ports.ts';

const at = (topic: string, partition: number, finishedTo: bigint): PartitionProgress => ({
  topic,
  partition,
  finishedTo,
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
