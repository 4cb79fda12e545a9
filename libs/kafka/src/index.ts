export * from './log.ts';
export * from './memory-kafka.ts';
export type { MemoryKafkaOptions } from './memory-cluster.ts';
export * from './ports.ts';
export * from './topic-specs.ts';
export * from './what-to-do.ts';
