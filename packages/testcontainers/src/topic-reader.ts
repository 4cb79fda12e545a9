import { randomUUID } from 'node:crypto';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { type Notice, noticeOf } from './notice.ts';

/** Collects the notices of one Kafka topic, from its beginning. */
export class TopicReader {
  readonly notices: Notice[] = [];

  private constructor(private readonly consumer: Consumer) {}

  /** Starts to read. Creates the topic if no notice has come yet. */
  static async open(brokers: string, topic: string): Promise<TopicReader> {
    const kafka = new Kafka({ clientId: 'sendoff-testcontainers', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    try {
      await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
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
