import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka } from '#kafka';
import { kafkaConformance } from '../../libs/kafka/src/conformance/kafka.conformance.ts';

kafkaConformance('Apache Kafka through kafkajs', async () => {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  const brokers = inject('kafkaBrokers').split(',');
  return { topics, connect: (hooks) => connectKafka({ brokers, clientId: 'conformance', topics, replication: 1, ...hooks }) };
});
