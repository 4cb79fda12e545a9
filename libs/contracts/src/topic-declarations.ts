import type { RecordFormat } from './record-format.ts';

/** The delay topics with a fixed wait, shortest first. */
export const dwells = [
  { name: '30s', dwellMs: 30_000 },
  { name: '2m', dwellMs: 120_000 },
  { name: '8m', dwellMs: 480_000 },
  { name: '32m', dwellMs: 1_920_000 },
  { name: '2h', dwellMs: 7_200_000 },
  { name: '8h', dwellMs: 28_800_000 },
] as const;

/** A record that is due within this time waits in `delays.near`. */
export const nearHorizonMs = 30_000;

type DwellName = (typeof dwells)[number]['name'];

/** A delay topic, by its name without the prefix. */
export type DelayTopic = 'delays.near' | `delays.${DwellName}`;

/**
 * Every topic of the services, by its name without the prefix.
 * Topics behind streams and pub/sub topics are not among them.
 */
export type TopicName =
  | 'intake'
  | 'invocations'
  | 'invocations.bulk'
  | DelayTopic
  | 'settlements'
  | 'notifications'
  | 'undelivered'
  | 'activity'
  | 'cancellations'
  | 'idempotency'
  | 'registry'
  | 'targets'
  | 'redrives'
  | 'redriven'
  | 'audit'
  | 'clock'
  | 'rejects';

/** The services that meet on the topics. */
export const services = ['ingress', 'executor', 'retry-scheduler', 'notifier', 'status-logger'] as const;

/** One of the {@link services}. */
export type Service = (typeof services)[number];

/** The account of producers and consumers that are not services. */
export const outsideAccount = 'outside';

/** An owner of an account at the brokers, by its name without the prefix. */
export type KafkaAccount = Service | typeof outsideAccount;

/** Every account of an installation. */
export const kafkaAccounts: readonly KafkaAccount[] = [...services, outsideAccount];

/** How a topic is created, and who uses it. */
export interface TopicDeclaration {
  readonly name: TopicName;
  /** The value of its records, in words. */
  readonly value: string;
  /**
   * Set if services read its records: they check the version. `intake` is the callers' own, and a
   * reject has the headers of any record.
   */
  readonly format?: RecordFormat;
  readonly writtenBy: readonly Service[];
  readonly readBy: readonly Service[];
  /** How other programs may use it. Absent if they may not: records may change without notice. */
  readonly publicAccess?: 'write' | 'read';
  /** Partitions of a new topic: one, or as many as the configuration says. */
  readonly partitions: 1 | 'configured';
  /**
   * Set if all records must be in one order: more partitions make the topic unusable. Any other
   * topic may grow.
   */
  readonly partitionsMax?: 1;
  readonly isCompacted: boolean;
  /** -1 keeps records for ever. */
  readonly retentionMs: number;
}

const dayMs = 86_400_000;
/** How long a topic between two services keeps a record, in milliseconds. */
export const workTopicRetentionMs = 3 * dayMs;
const hop = { partitions: 'configured', isCompacted: false, retentionMs: workTopicRetentionMs } as const;

const delayDeclarations: readonly TopicDeclaration[] = (['near', ...dwells.map(({ name }) => name)] as const).map((name) => ({
  ...hop,
  name: `delays.${name}` as const,
  value: 'the waiting record',
  format: 'work',
  writtenBy: ['ingress', 'executor', 'notifier', 'retry-scheduler'],
  // The ingress reads payloads back, for redrives.
  readBy: ['ingress', 'retry-scheduler', 'status-logger'],
}));

/** All topics: they are created from this list, and docs/topics.md is generated from it. */
export const topicDeclarations: readonly TopicDeclaration[] = [
  {
    ...hop,
    name: 'intake',
    value: 'the payload, as JSON bytes',
    writtenBy: ['notifier'],
    readBy: ['ingress'],
    publicAccess: 'write',
  },
  {
    ...hop,
    name: 'invocations',
    value: 'the payload',
    format: 'work',
    // The executor writes an attempt down before it gives it another chance.
    writtenBy: ['ingress', 'retry-scheduler', 'executor'],
    readBy: ['ingress', 'executor', 'status-logger'],
  },
  {
    ...hop,
    name: 'invocations.bulk',
    value: 'the payload',
    format: 'work',
    writtenBy: ['ingress', 'executor', 'retry-scheduler'],
    readBy: ['ingress', 'executor', 'status-logger'],
  },
  ...delayDeclarations,
  {
    ...hop,
    name: 'settlements',
    value: 'request and response bytes',
    format: 'work',
    // The status-logger settles invocations whose records were lost.
    writtenBy: ['ingress', 'executor', 'retry-scheduler', 'status-logger'],
    readBy: ['notifier', 'status-logger'],
  },
  {
    ...hop,
    name: 'notifications',
    value: 'the message for one target',
    format: 'work',
    writtenBy: ['ingress', 'retry-scheduler', 'notifier'],
    readBy: ['notifier'],
  },
  {
    ...hop,
    name: 'undelivered',
    value: 'as notifications, with the reason',
    format: 'work',
    writtenBy: ['notifier'],
    readBy: ['ingress'],
    publicAccess: 'read',
    retentionMs: 14 * dayMs,
  },
  {
    ...hop,
    name: 'activity',
    value: 'a small fact, as JSON',
    format: 'activity',
    writtenBy: ['executor', 'notifier'],
    readBy: ['status-logger'],
  },
  {
    ...hop,
    name: 'cancellations',
    value: 'nothing; the key is the request id, or `purge`; a header names the function',
    format: 'cancellation',
    writtenBy: ['ingress'],
    readBy: ['executor', 'retry-scheduler'],
    retentionMs: 2 * dayMs,
  },
  {
    ...hop,
    name: 'idempotency',
    value: 'who claims a key, and that its invocation was accepted, as JSON',
    format: 'idempotency',
    writtenBy: ['ingress'],
    readBy: ['ingress'],
    retentionMs: 2 * dayMs,
  },
  {
    ...hop,
    name: 'registry',
    value: 'one JSON document a key, signed by the ingress',
    format: 'registry',
    writtenBy: ['ingress'],
    readBy: ['ingress', 'executor', 'notifier'],
    partitions: 1,
    partitionsMax: 1,
    isCompacted: true,
    retentionMs: -1,
  },
  {
    ...hop,
    name: 'targets',
    value: 'the health of a target that fails, that it is switched off, or its last test, as JSON',
    format: 'target',
    writtenBy: ['ingress', 'notifier'],
    readBy: ['ingress', 'notifier'],
    partitions: 1,
    partitionsMax: 1,
    isCompacted: true,
    retentionMs: -1,
  },
  {
    ...hop,
    name: 'redrives',
    value: 'a redrive, how far it is, or what somebody wants of it, as JSON',
    format: 'redrive',
    writtenBy: ['ingress'],
    readBy: ['ingress'],
    partitions: 1,
    partitionsMax: 1,
    isCompacted: true,
    retentionMs: -1,
  },
  {
    ...hop,
    name: 'redriven',
    value: 'that a redriven notice was delivered or given up again, as JSON',
    format: 'redrive',
    writtenBy: ['notifier'],
    readBy: ['ingress'],
    partitions: 1,
    // A redrive remembers one offset from which it counts.
    partitionsMax: 1,
    // As long as the dead letters that it is about.
    retentionMs: 14 * dayMs,
  },
  {
    ...hop,
    name: 'audit',
    value: 'who changed what, and with which outcome, as JSON',
    format: 'audit',
    writtenBy: ['ingress'],
    readBy: ['ingress'],
    partitions: 1,
    partitionsMax: 1,
    retentionMs: 90 * dayMs,
  },
  {
    ...hop,
    name: 'clock',
    value: 'nothing; the broker answers a write with its time',
    writtenBy: services,
    readBy: [],
    // All services compare their clocks with the leader of this partition.
    partitions: 1,
    retentionMs: dayMs,
  },
  {
    ...hop,
    name: 'rejects',
    value: 'the record as it came',
    writtenBy: services,
    // For the counts of the ledger.
    readBy: ['status-logger'],
    publicAccess: 'read',
    partitions: 1,
    retentionMs: 14 * dayMs,
  },
];

/** The topics that a service reads, by their names without the prefix. */
export function topicsReadBy(service: Service): readonly TopicName[] {
  return topicDeclarations.filter(({ readBy }) => readBy.includes(service)).map(({ name }) => name);
}

/** A declared topic, and what a service does with it: at least one thing. */
export interface TopicUse {
  readonly name: TopicName;
  readonly operations: readonly ('read' | 'write')[];
}

/** The topics that a service reads or writes, in the order of their declarations. */
export function topicUsesOf(service: Service): readonly TopicUse[] {
  return topicDeclarations
    .map(({ name, readBy, writtenBy }): TopicUse => {
      const reads = readBy.includes(service) ? (['read'] as const) : [];
      const writes = writtenBy.includes(service) ? (['write'] as const) : [];
      return { name, operations: [...reads, ...writes] };
    })
    .filter(({ operations }) => operations.length > 0);
}

/** The topics that a service reads or writes, by their names without the prefix. */
export function topicsUsedBy(service: Service): readonly TopicName[] {
  return topicUsesOf(service).map(({ name }) => name);
}
