import type { IncomingRecord, PlatformError } from '#contracts';
import type { TransportLog } from '../log.ts';
import type { PartitionEnd, RecordObserver } from '../ports.ts';
import type { AccessWatch } from './access-watch.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import type { StandstillLimits } from './standstill-watch.ts';

/** The gateway as its consumer sees it. */
export interface ConsumerPorts {
  /** The account in words, for errors. */
  readonly account: string;
  readonly access: Pick<AccessWatch, 'isRefused' | 'failed' | 'allowed'>;
  readonly newCluster: () => ClusterConnection;
  /** Removes members of the group whose process was killed. @returns how many. */
  readonly removeGoneMembers: () => Promise<number>;
  readonly log: TransportLog;
  readonly observer: RecordObserver;
  /** Unexpected errors of one record after which the process should end. */
  readonly recordTriesMax: number;
  /** Age at which the partitions of the topics are asked for again, in milliseconds. */
  readonly metadataAgeMaxMs: number;
  readonly standstill: StandstillLimits;
  /** Ends of the partitions of a topic: only those that the brokers tell. */
  readonly ends: (topic: string) => Promise<readonly PartitionEnd[]>;
  /** Called when the consumer cannot go on: the process should end and be started again. */
  readonly onFatal: (error: PlatformError) => void;
  readonly reject: (record: IncomingRecord, fault: PlatformError) => Promise<void>;
  readonly checkFormat: (record: IncomingRecord) => void;
  /** The name of this process in the marks of commits. */
  readonly ownerName: string;
  /** The owner names of all members of the group. */
  readonly memberOwners: () => Promise<readonly string[]>;
  /** Called once the consumer is closed. */
  readonly onClosed: () => void;
}
