/**
 * The settings of topics at the brokers: what a new topic gets, and how an existing one is judged.
 * Pure: reads nothing and changes nothing.
 */
import type { TopicSpec } from './ports.ts';
import { recordBytesMaxDefault } from './record-bytes.ts';

/** The settings of a topic that matter here, by Kafka's names. */
export type TopicConfig = Readonly<Record<string, string>>;

/** A topic as the brokers have it. */
export interface ExistingTopic {
  readonly partitions: number;
  /** Replicas of the partition that has the fewest. */
  readonly replicas: number;
  /** Undefined if the account may not read the settings. */
  readonly config: TopicConfig | undefined;
}

/** A setting that a topic must have. */
export interface NeededSetting {
  readonly name: string;
  /** The value that a new or corrected topic gets. */
  readonly value: string;
  /** A higher value will do too. */
  readonly isMinimum?: boolean;
}

/** A difference between a topic and what it should be. */
export interface TopicFault {
  /** Name of the setting; `partitions` and `replicas` are no settings of Kafka. */
  readonly name: string;
  readonly found: string;
  readonly needed: string;
  /**
   * `correct` can be changed at once; `refuse` loses records and cannot be changed here; `warn` is
   * for the operator to judge.
   */
  readonly remedy: 'correct' | 'refuse' | 'warn';
}

/**
 * The ingress needs this time to write a document again that somebody else has overwritten, in
 * milliseconds. Until then compaction keeps every record.
 */
const compactionLagMs = 7 * 86_400_000;
/** Bytes of a batch before its first record. */
const batchHeaderBytes = 61;
/** From this number of replicas on, a write waits for two. */
const replicasOfCluster = 3;

/** Settings that a new topic gets, and that an existing topic is corrected to. */
export function settingsOf({ isCompacted, retentionMs, timestamps }: TopicSpec, replicas: number): readonly NeededSetting[] {
  const compaction = { name: 'min.compaction.lag.ms', value: String(compactionLagMs), isMinimum: true };
  return [
    { name: 'cleanup.policy', value: isCompacted ? 'compact' : 'delete' },
    { name: 'retention.ms', value: String(retentionMs), isMinimum: true },
    ...(timestamps === 'broker' ? [{ name: 'message.timestamp.type', value: 'LogAppendTime' }] : []),
    ...(isCompacted ? [compaction] : []),
    ...(replicas >= replicasOfCluster ? [{ name: 'min.insync.replicas', value: '2', isMinimum: true }] : []),
  ];
}

/** A new topic has the value of the brokers, which usually suffices; it is corrected if not. */
const batchSetting: NeededSetting = {
  name: 'max.message.bytes',
  value: String(recordBytesMaxDefault + batchHeaderBytes),
  isMinimum: true,
};

/** The brokers refuse a lag above this bound. A new topic has no bound. */
const compactionBound: NeededSetting = { name: 'max.compaction.lag.ms', value: String(compactionLagMs), isMinimum: true };

/**
 * Settings that lose records and are the choice of an operator, who may have to bound a disk or
 * prefers availability.
 */
const operatorSettings: readonly NeededSetting[] = [
  { name: 'retention.bytes', value: '-1' },
  { name: 'unclean.leader.election.enable', value: 'false' },
];

/** The settings that {@link faultsOf} reads. */
export const readSettings: readonly string[] = [
  'cleanup.policy',
  'retention.ms',
  'message.timestamp.type',
  'min.compaction.lag.ms',
  'min.insync.replicas',
  ...[batchSetting, compactionBound, ...operatorSettings].map(({ name }) => name),
];

/**
 * Compares a topic with what it should be.
 * @param replication replicas that the configuration asks for; -1 leaves the number to the brokers.
 */
export function faultsOf(spec: TopicSpec, { partitions, replicas, config }: ExistingTopic, replication: number): TopicFault[] {
  const faults: TopicFault[] = [];
  const add = (name: string, found: number, needed: number, remedy: TopicFault['remedy']) =>
    faults.push({ name, found: String(found), needed: String(needed), remedy });
  if (spec.partitionsMax !== undefined && partitions > spec.partitionsMax)
    add('partitions', partitions, spec.partitionsMax, 'refuse');
  if (partitions < spec.partitions) add('partitions', partitions, spec.partitions, 'warn');
  if (replicas < replication) add('replicas', replicas, replication, 'warn');
  if (config === undefined) return faults;
  // Two replicas in sync cannot be asked of a topic that has fewer than three.
  const needed = [
    ...settingsOf(spec, Math.min(replication, replicas)),
    batchSetting,
    ...(spec.isCompacted ? [compactionBound] : []),
  ];
  for (const setting of needed) faults.push(...faultIn(setting, config[setting.name], 'correct'));
  for (const setting of operatorSettings) faults.push(...faultIn(setting, config[setting.name], 'warn'));
  // Older brokers refuse every write to such a topic.
  const inSync = Number(config['min.insync.replicas'] ?? 0);
  if (inSync > replicas) add('min.insync.replicas', inSync, replicas, 'warn');
  return faults;
}

/** @returns nothing if the brokers do not know the setting. */
function faultIn(setting: NeededSetting, found: string | undefined, remedy: TopicFault['remedy']): TopicFault[] {
  if (found === undefined || suits(setting, found)) return [];
  return [{ name: setting.name, found, needed: setting.value, remedy }];
}

function suits({ value, isMinimum = false }: NeededSetting, found: string): boolean {
  return isMinimum ? endless(found) >= endless(value) : found === value;
}

/** Kafka writes "no limit" as -1. */
function endless(value: string): number {
  return value === '-1' ? Number.POSITIVE_INFINITY : Number(value);
}
