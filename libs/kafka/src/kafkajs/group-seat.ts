import { type ConsumerOptions, sessionTimeoutMsDefault } from '../ports.ts';
import type { ConsumerPorts } from './consumer-ports.ts';
import { GroupMember, type MemberPorts } from './group-member.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import { PartitionReader, type ReaderPorts } from './partition-reader.ts';

/** A membership with its connections. */
export interface Seat {
  readonly cluster: ClusterConnection;
  readonly member: GroupMember;
  readonly reader: PartitionReader;
  /** Aborts when the membership has ended. */
  readonly ended: AbortController;
}

/** The consumer as its seat sees it. It hears nothing of a seat that it has left, but failures. */
export type SeatOwner = Pick<MemberPorts, 'held' | 'joined' | 'confirmed' | 'rebalancing'> &
  Pick<ReaderPorts, 'taken' | 'outOfRange' | 'madeAgain' | 'topicIds' | 'answered' | 'failed'> & {
    /** True unless the consumer has left the seat that this controller ends. */
    isCurrent(ended: AbortController): boolean;
  };

/** A member learns of a rebalance by its heartbeat: partitions that move wait for this long. */
const heartbeatMs = 300;
const rebalanceTimeoutMs = 30_000;
const fetchBytesMaxDefault = 10 * 1024 * 1024;
const partitionFetchBytesMax = 1024 * 1024;

/** Makes a seat. It is not connected yet. */
export function newSeat(
  options: ConsumerOptions,
  { newCluster, log, metadataAgeMaxMs }: Pick<ConsumerPorts, 'newCluster' | 'log' | 'metadataAgeMaxMs'>,
  owner: SeatOwner,
): Seat {
  const { groupId, topics, url, fetchBytesMin = 1, fetchWaitMs = 100, fetchBytesMax = fetchBytesMaxDefault } = options;
  const { sessionTimeoutMs = sessionTimeoutMsDefault } = options;
  const cluster = newCluster();
  const ended = new AbortController();
  const isCurrent = () => owner.isCurrent(ended);
  const failed = (error: unknown) => owner.failed(error);
  const member = new GroupMember(
    {
      groupId,
      topics,
      sessionTimeoutMs,
      heartbeatMs: Math.min(heartbeatMs, Math.floor(sessionTimeoutMs / 4)),
      rebalanceTimeoutMs: Math.max(rebalanceTimeoutMs, sessionTimeoutMs),
      ...(url === undefined ? {} : { url }),
    },
    {
      cluster,
      log,
      failed,
      held: () => owner.held(),
      joined: (assignment, tookMs) => {
        if (isCurrent()) owner.joined(assignment, tookMs);
      },
      confirmed: (tookMs) => {
        if (isCurrent()) owner.confirmed(tookMs);
      },
      rebalancing: async () => {
        if (isCurrent()) await owner.rebalancing();
      },
      topicUnknown: () => reader.refreshSoon(),
    },
  );
  const reader = new PartitionReader(
    {
      cluster,
      failed,
      taken: (partition, messages, end, next) => {
        if (isCurrent()) owner.taken(partition, messages, end, next);
      },
      outOfRange: (partition, position, bounds) => (isCurrent() ? owner.outOfRange(partition, position, bounds) : position),
      madeAgain: (partition, start) => {
        if (isCurrent()) owner.madeAgain(partition, start);
      },
      topicIds: owner.topicIds,
      answered: (isWhole) => {
        if (isCurrent()) owner.answered(isWhole);
      },
      refreshed: () => member.checkGrowth(),
    },
    {
      bytesMin: fetchBytesMin,
      waitMs: fetchWaitMs,
      bytesMax: fetchBytesMax,
      partitionBytesMax: partitionFetchBytesMax,
      metadataAgeMaxMs,
    },
  );
  return { cluster, member, reader, ended };
}

/** Leaves the group and closes the connections. */
export async function vacate({ cluster, member, ended }: Seat): Promise<void> {
  ended.abort();
  try {
    await member.leave();
  } finally {
    void cluster.disconnect().catch(() => undefined);
  }
}
