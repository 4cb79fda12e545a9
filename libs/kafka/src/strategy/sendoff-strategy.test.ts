import { Topics } from '#contracts';
import { MemoryKafka } from '../memory/memory-kafka.ts';
import { strategyConformance } from './sendoff-strategy.conformance.ts';

strategyConformance('SendoffStrategy on MemoryKafka', async () => {
  const topics = new Topics('test.');
  const kafka = new MemoryKafka({ topics });
  return { topics, connect: async (hooks) => kafka.beside(hooks) };
});
