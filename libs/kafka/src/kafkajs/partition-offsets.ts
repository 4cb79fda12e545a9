import { partitionName } from '#contracts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';

/** A record as the leader of its partition tells it. */
interface ToldOffset {
  readonly offset: bigint;
  /** -1 if the question was for no record. */
  readonly timestamp: number;
}

/** The first offset that a partition still keeps, or the offset that its next record gets. */
export type OffsetName = 'start' | 'end';

/** Offsets by the names of `partitionName`. */
export type PartitionOffsets = ReadonlyMap<string, bigint>;

/** The id of the broker that leads a partition, as far as the metadata tells; -1 if none does. */
export function leaderOf(cluster: ClusterConnection, { topic, partition }: TopicPartition): number {
  const all = cluster.findTopicPartitionMetadata(topic);
  return all.find(({ partitionId }) => partitionId === partition)?.leader ?? -1;
}

/** Groups what belongs to partitions by topic, in the shape of requests. */
export function byTopic<One extends TopicPartition>(
  partitions: readonly One[],
): { readonly topic: string; readonly partitions: Omit<One, 'topic'>[] }[] {
  const topics = new Map<string, Omit<One, 'topic'>[]>();
  for (const { topic, ...rest } of partitions) {
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [rest]);
    else known.push(rest);
  }
  return [...topics].map(([topic, rest]) => ({ topic, partitions: rest }));
}

/**
 * Asks the leaders of partitions for one offset of each.
 * @param failed is told why offsets are missing.
 * @returns the offsets that were told. A partition without a leader, or whose leader did not answer
 *   about it, is missing.
 */
export async function offsetsOf(
  cluster: ClusterConnection,
  partitions: readonly TopicPartition[],
  name: OffsetName,
  failed: (error: unknown) => void,
): Promise<PartitionOffsets> {
  const told = await askLeaders(cluster, partitions, name === 'start' ? -2 : -1, failed);
  return new Map([...told].flatMap(([key, { offset }]) => (offset < 0n ? [] : [[key, offset] as const])));
}

/**
 * Asks the leaders of partitions for the timestamp of the oldest record of each.
 * @param failed is told why timestamps are missing.
 * @returns by the names of `partitionName`; -1 for a partition without records. A partition without
 *   a leader, or whose leader did not answer about it, is missing.
 */
export async function oldestOf(
  cluster: ClusterConnection,
  partitions: readonly TopicPartition[],
  failed: (error: unknown) => void,
): Promise<ReadonlyMap<string, number>> {
  // The question is for the first record from 1970 on.
  const told = await askLeaders(cluster, partitions, 0, failed);
  return new Map([...told].map(([key, { timestamp }]) => [key, timestamp]));
}

/**
 * Asks the leaders of partitions for the first record of each that is not older than an instant.
 * @param failed is told why offsets are missing.
 * @returns offsets by the names of `partitionName`; -1 for a partition without such a record. A
 *   partition without a leader, or whose leader did not answer about it, is missing.
 */
export async function offsetsSince(
  cluster: ClusterConnection,
  partitions: readonly TopicPartition[],
  at: number,
  failed: (error: unknown) => void,
): Promise<PartitionOffsets> {
  const told = await askLeaders(cluster, partitions, Math.max(0, at), failed);
  return new Map([...told].map(([key, { offset }]) => [key, offset]));
}

/** @param timestamp -1 for ends, -2 for starts, else the first record of this time or later. */
async function askLeaders(
  cluster: ClusterConnection,
  partitions: readonly TopicPartition[],
  timestamp: number,
  failed: (error: unknown) => void,
): Promise<ReadonlyMap<string, ToldOffset>> {
  const byLeader = new Map<number, (TopicPartition & { readonly timestamp: number })[]>();
  for (const { topic, partition } of partitions) {
    const leader = leaderOf(cluster, { topic, partition });
    byLeader.set(leader, [...(byLeader.get(leader) ?? []), { topic, partition, timestamp }]);
  }
  const answers = new Map<string, ToldOffset>();
  const ask = async ([leader, asked]: readonly [number, readonly (TopicPartition & { readonly timestamp: number })[]]) => {
    if (leader < 0) throw new Error(`no broker leads ${asked.map(partitionName).join(', ')}`);
    const broker = await cluster.findBroker({ nodeId: String(leader) });
    const { responses } = await broker.listOffsets({ isolationLevel: 1, topics: byTopic(asked) });
    for (const { topic, partitions: told } of responses)
      for (const { partition, offset, timestamp: at } of told)
        answers.set(partitionName({ topic, partition }), { offset: BigInt(offset), timestamp: Number(at) });
  };
  for (const asked of await Promise.allSettled([...byLeader].map(ask))) if (asked.status === 'rejected') failed(asked.reason);
  return answers;
}
