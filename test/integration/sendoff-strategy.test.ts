import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { connectKafka } from '#kafka';
import { strategyConformance } from '../../libs/kafka/src/strategy/sendoff-strategy.conformance.ts';

strategyConformance('SendoffStrategy on Apache Kafka', async () => {
  const prefix = `t${randomUUID().slice(0, 8)}.`;
  const brokers = inject('kafkaBrokers').split(',');
  return { prefix, connect: (hooks) => connectKafka({ brokers, clientId: 'conformance', prefix, replication: 1, ...hooks }) };
});
