import { partitionName, PlatformError } from '#contracts';
import type { CommittedTo, OldestRecord, PartitionEnd, PartitionOffset, TopicAdmin, TopicSpec } from '../ports.ts';
import { type MemoryCluster, nextTurn } from './memory-cluster.ts';

/** Looks after the topics of a {@link MemoryCluster}. */
export class MemoryAdmin implements TopicAdmin {
  constructor(private readonly cluster: MemoryCluster) {}

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    await nextTurn();
    for (const spec of specs) this.cluster.create(spec);
  }

  /** Topics of this cluster have no settings, and only {@link ensureTopics} creates them. */
  async checkTopics(): Promise<void> {
    await nextTurn();
  }

  async ends(topic: string): Promise<readonly PartitionEnd[]> {
    await nextTurn();
    const partitions = this.cluster.partitionsOf(topic);
    return partitions.map(({ records }, partition) => ({ partition, start: 0n, end: BigInt(records.length) }));
  }

  async oldest(topic: string): Promise<readonly OldestRecord[]> {
    await nextTurn();
    return this.cluster
      .partitionsOf(topic)
      .flatMap(({ records: [first] }, partition) => (first === undefined ? [] : [{ partition, at: first.timestamp }]));
  }

  async offsetsAt(topic: string, at: number): Promise<readonly PartitionOffset[]> {
    await nextTurn();
    return this.cluster.partitionsOf(topic).map(({ records }, partition) => {
      const first = records.findIndex(({ timestamp }) => timestamp >= at);
      return { partition, offset: BigInt(first === -1 ? records.length : first) };
    });
  }

  /** Groups of this cluster tell no members. */
  async members(): Promise<undefined> {
    await nextTurn();
  }

  async committed(groupId: string, topics: readonly string[]): Promise<readonly CommittedTo[]> {
    await nextTurn();
    const commits = this.cluster.groups.get(groupId)?.commits;
    return topics.flatMap((topic) =>
      this.cluster.partitionsOf(topic).flatMap((_records, partition) => {
        const commit = commits?.get(partitionName({ topic, partition }));
        return commit === undefined ? [] : [{ topic, partition, finishedTo: commit.offset }];
      }),
    );
  }

  async list(): Promise<readonly string[]> {
    await nextTurn();
    return [...this.cluster.topics.keys()];
  }

  async hosts(): Promise<readonly string[]> {
    return [];
  }

  async forgetGroup(groupId: string): Promise<void> {
    await nextTurn();
    if (this.cluster.group(groupId).members.length > 0)
      throw new PlatformError('BROKER_UNAVAILABLE', { details: { reason: `group ${groupId} still has members` } });
    this.cluster.groups.delete(groupId);
  }
}
