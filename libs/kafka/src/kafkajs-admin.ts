import type { Admin, ITopicConfig } from 'kafkajs';
import { unavailable, within } from './broker-errors.ts';
import type { PartitionEnd, TopicAdmin, TopicSpec } from './ports.ts';

/** Looks after topics through a kafkajs admin. Every question is bounded; no answer is `BROKER_UNAVAILABLE`. */
export class KafkajsAdmin implements TopicAdmin {
  readonly #admin: Admin;
  readonly #replication: number;
  readonly #timeoutMs: number;

  /** @param replication copies of each partition; -1 leaves it to the brokers. */
  constructor(admin: Admin, replication: number, timeoutMs: number) {
    this.#admin = admin;
    this.#replication = replication;
    this.#timeoutMs = timeoutMs;
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    // Several services may start at once: whoever comes second finds the topic there, which is what was wanted.
    for (let round = 1; ; round += 1) {
      const present = new Set(await this.list());
      const missing = specs.filter(({ topic }) => !present.has(topic));
      if (missing.length === 0) return;
      try {
        const topics = missing.map((spec) => topicConfig(spec, this.#replication));
        await within(this.#timeoutMs, 'creating topics', this.#admin.createTopics({ topics, waitForLeaders: true }));
      } catch (error) {
        if (round === 3) throw unavailable(error, { topics: missing.map(({ topic }) => topic) });
      }
    }
  }

  async ends(topic: string): Promise<readonly PartitionEnd[]> {
    const offsets = await within(this.#timeoutMs, `the ends of ${topic}`, this.#admin.fetchTopicOffsets(topic));
    return offsets.map(({ partition, high }) => ({ partition, end: BigInt(high) }));
  }

  async list(): Promise<readonly string[]> {
    return within(this.#timeoutMs, 'the list of topics', this.#admin.listTopics());
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
