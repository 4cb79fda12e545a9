import { partitionName } from '#contracts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';

/**
 * The ids of the topics in which the positions of a reader were reached. They outlast its
 * connections.
 */
export class TopicIds {
  /** By the names of `partitionName`. */
  private readonly ids = new Map<string, string>();

  /** The position of a partition was not reached by reading. */
  forget(partition: TopicPartition): void {
    this.ids.delete(partitionName(partition));
  }

  /**
   * Compares with the metadata, and remembers the id at the first look.
   * @returns the new id if the topic was deleted and created again, else undefined.
   */
  newId(cluster: ClusterConnection, partition: TopicPartition): string | undefined {
    const id = cluster.brokerPool.metadata?.topicMetadata.find(({ topic }) => topic === partition.topic)?.topicId;
    const name = partitionName(partition);
    const known = this.ids.get(name);
    if (id !== undefined && known === undefined) this.ids.set(name, id);
    return known === undefined || id === known ? undefined : id;
  }

  /** Reading goes on in the topic with this id. @returns false if it does already. */
  moveTo(id: string, partition: TopicPartition): boolean {
    const name = partitionName(partition);
    if (this.ids.get(name) === id) return false;
    this.ids.set(name, id);
    return true;
  }
}
