export type { FinishedTo } from './catch-up.ts';
export { type KafkaRecordContext, OnRecord } from './on-record.ts';
export { SendoffStrategy } from './sendoff-strategy.ts';
