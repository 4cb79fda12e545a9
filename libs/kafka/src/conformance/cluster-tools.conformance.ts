import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { formatVersionHeader, type IncomingRecord, type OutgoingRecord, type TopicName, type Topics } from '#contracts';
import type {
  ConsumerOptions,
  GatewayHooks,
  KafkaGateway,
  RecordConsumer,
  RecordHandler,
  TopicFollower,
  TopicSpec,
} from '../ports.ts';

/** A cluster under test. */
export interface ClusterUnderTest {
  readonly topics: Topics;
  /** Connects as another process would. */
  connect(hooks?: GatewayHooks): Promise<KafkaGateway>;
}

/** Longest wait for an event, in milliseconds. */
export const deadlineMs = 15_000;

/** Returns the value of a record as text. */
export const text = ({ value }: { readonly value: Buffer | null }): string => String(value);

/** A record without key and headers, unless `more` has them. */
export function aRecord(topic: string, value: string, more: Partial<OutgoingRecord> = {}): OutgoingRecord {
  return { topic, value: Buffer.from(value), headers: {}, ...more };
}

/** A version of a format that no release of now reads. */
export const newerVersion = '99';

/** A record of a newer release, between two of this one, on one partition. */
export function newerBetween(topic: string): readonly OutgoingRecord[] {
  const newer = { partition: 0, headers: { [formatVersionHeader]: newerVersion } };
  return [aRecord(topic, 'old', { partition: 0 }), aRecord(topic, 'new', newer), aRecord(topic, 'behind', { partition: 0 })];
}

/** A topic that keeps records for an hour. */
export function aTopicSpec(topic: string, partitions: number): TopicSpec {
  return { topic, partitions, isCompacted: false, retentionMs: 3_600_000 };
}

/** One gateway for all tests of a suite. It closes after each test what the test opened. */
export class ClusterTools {
  private cluster!: ClusterUnderTest;
  private mainGateway!: KafkaGateway;
  private readonly cleanups: (() => Promise<void>)[] = [];

  /** Registers the hooks of the suite in which it is made. */
  constructor(open: () => Promise<ClusterUnderTest>) {
    beforeAll(async () => {
      this.cluster = await open();
      this.mainGateway = await this.cluster.connect();
      await this.gateway.admin.ensureTopics([aTopicSpec(this.topics.name('rejects'), 1)]);
    });
    afterEach(async () => {
      for (const cleanup of this.cleanups.splice(0).reverse()) await cleanup();
    });
    afterAll(() => this.mainGateway?.close());
  }

  get topics(): Topics {
    return this.cluster.topics;
  }

  /** The gateway of the suite. */
  get gateway(): KafkaGateway {
    return this.mainGateway;
  }

  /** Connects as another process would. */
  async connect(hooks: GatewayHooks = {}): Promise<KafkaGateway> {
    const gateway = await this.cluster.connect(hooks);
    this.cleanups.push(() => gateway.close());
    return gateway;
  }

  /** Creates a topic with a new name. */
  async aTopic(partitions = 1): Promise<string> {
    const topic = `${this.topics.prefix}conformance.${randomUUID()}`;
    await this.gateway.admin.ensureTopics([aTopicSpec(topic, partitions)]);
    return topic;
  }

  /** Creates a topic of the platform. A suite uses each of them in one test only. */
  async aDeclaredTopic(name: TopicName): Promise<string> {
    const topic = this.topics.name(name);
    await this.gateway.admin.ensureTopics([aTopicSpec(topic, 1)]);
    return topic;
  }

  /** Starts a consumer, in a new group unless the options name one. */
  async consume(
    options: Omit<ConsumerOptions, 'groupId'> & { readonly groupId?: string },
    handler: RecordHandler,
    gateway = this.gateway,
  ): Promise<RecordConsumer> {
    const consumer = gateway.consumer({ groupId: randomUUID(), ...options });
    this.cleanups.push(() => consumer.close(0));
    await consumer.start(handler);
    return consumer;
  }

  /** Makes a follower; the test starts it. */
  follow(
    topic: string,
    from: 'earliest' | 'latest' = 'earliest',
    gateway = this.gateway,
    checksFormatItself = false,
  ): TopicFollower {
    const follower = gateway.follower({ topic, from, checksFormatItself });
    this.cleanups.push(() => follower.close());
    return follower;
  }

  /** Reads all records that a topic holds now. */
  async recordsOf(topic: string): Promise<readonly IncomingRecord[]> {
    const records: IncomingRecord[] = [];
    const follower = this.follow(topic);
    await follower.start((record) => records.push(record));
    await follower.close();
    return records;
  }
}
