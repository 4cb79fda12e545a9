import { MemoryKafka } from '../memory/memory-kafka.ts';
import { strategyConformance } from './sendoff-strategy.conformance.ts';

strategyConformance('SendoffStrategy on MemoryKafka', async () => {
  const kafka = new MemoryKafka({ prefix: 'test.' });
  return { prefix: 'test.', connect: async (hooks) => kafka.beside(hooks) };
});
