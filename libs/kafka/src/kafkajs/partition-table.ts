import { PlatformError } from '#contracts';
import { choosePartition, type PartitionLeader } from '../partition-choice.ts';
import { unavailable } from './broker-errors.ts';
import type { QueuedRecord } from './publisher-queue.ts';
import type { DescribedTopic } from './produce-client.ts';

/** A partition, and the broker that leads it. */
export interface Place {
  readonly partition: number;
  readonly leader: number;
}

/** The topics that a publisher writes to, with their partitions and leaders. */
export class PartitionTable {
  private readonly partitionsOf = new Map<string, readonly PartitionLeader[]>();

  /** Names of all topics in the table. */
  get topics(): string[] {
    return [...this.partitionsOf.keys()];
  }

  /** The number of brokers that lead a partition of these topics. */
  leaders = 0;

  has(topic: string): boolean {
    return this.partitionsOf.has(topic);
  }

  /**
   * Takes over an answer of the brokers. Topics that cannot be written leave the table.
   * @returns why, by topic.
   */
  update(described: readonly DescribedTopic[], account: string): ReadonlyMap<string, PlatformError> {
    const faults = new Map<string, PlatformError>();
    for (const { topic, error, partitions } of described) {
      // A new topic may have no leaders yet: that passes.
      if (error === undefined || error.type === 'LEADER_NOT_AVAILABLE') this.partitionsOf.set(topic, partitions);
      else {
        this.partitionsOf.delete(topic);
        const isMissing = error.type === 'UNKNOWN_TOPIC_OR_PARTITION';
        faults.set(topic, isMissing ? topicMissing(topic, error) : unavailable(error, { topic, account, operation: 'Write' }));
      }
    }
    const leaders = [...this.partitionsOf.values()].flatMap((all) => all.map(({ leader }) => leader));
    this.leaders = new Set(leaders.filter((leader) => leader >= 0)).size;
    return faults;
  }

  /**
   * Chooses the partition of a record. A record that has a partition keeps it. But a record without
   * a key goes to a leader that answers, if one does.
   * @param batchNumber records without a key change their partition with it.
   * @param isOverdue does the broker owe an answer for too long?
   * @returns undefined while the partition has no leader, or is not known.
   */
  placeOf(
    { topic, message, partition, isKeyless, spread }: QueuedRecord,
    batchNumber: number,
    isOverdue: (leader: number) => boolean,
  ): Place | undefined {
    const partitions = this.partitionsOf.get(topic);
    if (partitions === undefined || partitions.length === 0) return undefined;
    const chosen =
      isKeyless || partition === undefined
        ? choosePartition(
            isKeyless ? { batchNumber } : { key: message.key ?? null, spread },
            isKeyless ? answering(partitions, isOverdue) : partitions,
          )
        : partition;
    const leader = partitions[chosen]?.leader ?? -1;
    return leader < 0 ? undefined : { partition: chosen, leader };
  }
}

/** Leaders that do not answer count as none, unless none answers. */
function answering(partitions: readonly PartitionLeader[], isOverdue: (leader: number) => boolean): readonly PartitionLeader[] {
  const rated = partitions.map((one) => (isOverdue(one.leader) ? { ...one, leader: -1 } : one));
  return rated.some(({ leader }) => leader >= 0) ? rated : partitions;
}

function topicMissing(topic: string, cause: Error): PlatformError {
  return new PlatformError('BROKER_UNAVAILABLE', { details: { reason: `topic ${topic} does not exist`, topic }, cause });
}
