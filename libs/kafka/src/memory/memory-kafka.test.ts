import { Topics } from '#contracts';
import { kafkaConformance } from '../conformance/kafka.conformance.ts';
import { MemoryKafka } from './memory-kafka.ts';

kafkaConformance('MemoryKafka', async () => {
  const topics = new Topics('test.');
  const kafka = new MemoryKafka({ topics });
  return { topics, connect: async (hooks) => kafka.beside(hooks) };
});
