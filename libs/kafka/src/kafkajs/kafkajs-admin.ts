import type { ITopicConfig } from 'kafkajs';
import type { AdminConnection } from './admin-connection.ts';
import { unavailable } from './broker-errors.ts';
import type { PartitionEnd, TopicAdmin, TopicSpec } from '../ports.ts';

/**
 * Looks after topics through an admin of kafkajs. Each request has a timeout; after it, the error
 * is `BROKER_UNAVAILABLE`.
 */
export class KafkajsAdmin implements TopicAdmin {
  /** @param replication replicas of each partition; -1 leaves the number to the brokers. */
  constructor(
    private readonly admin: AdminConnection,
    private readonly replication: number,
    private readonly timeoutMs: number,
  ) {}

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    // Several services may start at once. If another one created the topics first, the next round
    // finds them.
    for (let round = 1; ; round += 1) {
      const present = new Set(await this.list());
      const missing = specs.filter(({ topic }) => !present.has(topic));
      if (missing.length === 0) return;
      try {
        const topics = missing.map((spec) => topicConfig(spec, this.replication));
        await this.admin.ask(this.timeoutMs, 'creating topics', (admin) => admin.createTopics({ topics, waitForLeaders: true }));
      } catch (error) {
        if (round === 3) throw unavailable(error, { topics: missing.map(({ topic }) => topic) });
      }
    }
  }

  async ends(topic: string): Promise<readonly PartitionEnd[]> {
    const offsets = await this.admin.ask(this.timeoutMs, `the ends of ${topic}`, (admin) => admin.fetchTopicOffsets(topic));
    return offsets.map(({ partition, low, high }) => ({ partition, start: BigInt(low), end: BigInt(high) }));
  }

  async list(): Promise<readonly string[]> {
    return this.admin.ask(this.timeoutMs, 'the list of topics', (admin) => admin.listTopics());
  }
}

function topicConfig({ topic, partitions, isCompacted, retentionMs }: TopicSpec, replication: number): ITopicConfig {
  return {
    topic,
    numPartitions: partitions,
    replicationFactor: replication,
    configEntries: [
      { name: 'cleanup.policy', value: isCompacted ? 'compact' : 'delete' },
      { name: 'retention.ms', value: String(retentionMs) },
      ...(replication >= 3 ? [{ name: 'min.insync.replicas', value: '2' }] : []),
    ],
  };
}
