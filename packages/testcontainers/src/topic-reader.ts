import { randomUUID } from 'node:crypto';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { type Notice, noticeOf } from './notice.ts';
import { waitUntil } from './wait-until.ts';

/** Collects the notices of one Kafka topic, from its beginning. */
export class TopicReader {
  readonly notices: Notice[] = [];

  private constructor(private readonly consumer: Consumer) {}

  /**
   * Starts to read. Creates the topic if no notice has come yet.
   * @throws Error if the broker does not name the topic within `timeoutMs`.
   */
  static async open(brokers: string, topic: string, timeoutMs: number): Promise<TopicReader> {
    const kafka = new Kafka({ clientId: 'sendoff-testcontainers', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    try {
      await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: false });
      // A busy broker names a topic a moment after it made it, and kafkajs fails until then.
      const isNamed = async () => (await admin.listTopics()).includes(topic) || undefined;
      await waitUntil(timeoutMs, isNamed, () => `the broker does not name the topic ${topic}`);
    } finally {
      await admin.disconnect();
    }
    const consumer = kafka.consumer({ groupId: `sendoff-testcontainers-${randomUUID()}` });
    const reader = new TopicReader(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const notice = noticeOf(message.value?.toString('utf8') ?? '');
        if (notice !== undefined) reader.notices.push(notice);
      },
    });
    return reader;
  }

  async close(): Promise<void> {
    await this.consumer.disconnect();
  }
}
