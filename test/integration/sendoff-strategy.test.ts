import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka } from '#kafka';
import { strategyConformance } from '../../libs/kafka/src/strategy/sendoff-strategy.conformance.ts';

strategyConformance('SendoffStrategy on Apache Kafka', async () => {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  const brokers = inject('kafkaBrokers').split(',');
  return { topics, connect: (hooks) => connectKafka({ brokers, clientId: 'conformance', topics, replication: 1, ...hooks }) };
});
