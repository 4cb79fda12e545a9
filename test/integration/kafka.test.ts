import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { connectKafka } from '#kafka';
import { kafkaConformance } from '../../libs/kafka/src/conformance/kafka.conformance.ts';

kafkaConformance('Apache Kafka through kafkajs', async () => {
  const prefix = `t${randomUUID().slice(0, 8)}.`;
  const brokers = inject('kafkaBrokers').split(',');
  return { prefix, connect: (hooks) => connectKafka({ brokers, clientId: 'conformance', prefix, replication: 1, ...hooks }) };
});
