import { kafkaConformance } from '../conformance/kafka.conformance.ts';
import { MemoryKafka } from './memory-kafka.ts';

kafkaConformance('MemoryKafka', async () => {
  const kafka = new MemoryKafka({ prefix: 'test.' });
  return { prefix: 'test.', connect: async (hooks) => kafka.beside(hooks) };
});
