export type { MemoryKafkaOptions } from './memory-cluster.ts';
export { MemoryKafka } from './memory-kafka.ts';
