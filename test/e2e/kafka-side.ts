import { randomUUID } from 'node:crypto';
import { type Consumer, Kafka, logLevel, type Producer } from 'kafkajs';
import { eventually } from '#testing';
import { createTopic } from '../user-topics.ts';

/** A record as a user's consumer gets it. */
export interface SeenRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly atMs: number;
}

/**
 * Produces to the intake and reads streams with plain kafkajs, as a user would. It imports nothing
 * of the platform.
 */
export class KafkaSide {
  private readonly kafka: Kafka;
  private producer: Producer | undefined;
  private readonly consumers: Consumer[] = [];

  constructor(brokers: string) {
    this.kafka = new Kafka({ clientId: 'a-user', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  }

  async produce(topic: string, value: string | Buffer, headers: Record<string, string>): Promise<void> {
    if (this.producer === undefined) {
      this.producer = this.kafka.producer();
      await this.producer.connect();
    }
    await this.producer.send({ topic, messages: [{ value, headers }] });
  }

  /** Makes a topic if it is not there. */
  async ensureTopic(topic: string): Promise<void> {
    const admin = this.kafka.admin();
    await admin.connect();
    await createTopic(admin, { topic });
    await admin.disconnect();
  }

  async removeTopic(topic: string): Promise<void> {
    const admin = this.kafka.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
  }

  /** Reads a topic from its beginning. @returns a function that waits for the record that fits. */
  async read(topic: string): Promise<(fits: (record: SeenRecord) => boolean, deadlineMs?: number) => Promise<SeenRecord>> {
    await this.ensureTopic(topic);
    const seen: SeenRecord[] = [];
    const consumer = this.kafka.consumer({ groupId: `a-user-${randomUUID()}` });
    this.consumers.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
        seen.push({ key: String(message.key), value: String(message.value), headers, atMs: Number(message.timestamp) });
      },
    });
    return async (fits, deadlineMs = 30_000) => eventually(() => seen.find(fits), { deadlineMs });
  }

  async close(): Promise<void> {
    await this.producer?.disconnect();
    await Promise.all(this.consumers.map(async (consumer) => consumer.disconnect()));
  }
}
