/** Sendoff for Testcontainers. README.md shows how to use it. */
export { SendoffContainer } from './sendoff-container.ts';
export { StartedSendoffContainer } from './started-sendoff-container.ts';
export type { InvokeOptions, NoticesOptions, SettledOptions } from './started-sendoff-container.ts';
export type { AsyncPolicy, Destination, FunctionDefinition, NoticeSource } from './definitions.ts';
export type { Delivery, InvocationRecord, InvocationStatus } from './invocation-record.ts';
export type { Notice } from './notice.ts';
export type { KafkaAddresses } from './kafka-broker.ts';
