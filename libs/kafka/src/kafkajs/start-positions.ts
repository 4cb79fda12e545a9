import { partitionName } from '#contracts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import { splitOwner } from '../bookkeeping/owner-mark.ts';
import type { ConsumerOptions } from '../ports.ts';
import type { ConsumerPorts } from './consumer-ports.ts';
import type { CommittedPosition } from './group-member.ts';
import type { Seat } from './group-seat.ts';
import { offsetsOf } from './partition-offsets.ts';

/** A commit of the group, and where reading begins. */
interface ToldPosition {
  readonly partition: TopicPartition;
  /** Offset -1 if the group has no commit. */
  readonly committed: CommittedPosition;
  /** The first offset that this process reads. Below the commit if a store is behind it. */
  readonly start: bigint;
}

/** The place from which a partition is read. */
export interface StartPosition extends ToldPosition {
  /** The owner before is gone, and had not let the partition go. */
  readonly isInterrupted: boolean;
}

/** Finds out where assigned partitions are read from. */
export class StartPositions {
  /** @param failed hears why positions are missing. */
  constructor(
    private readonly options: Pick<ConsumerOptions, 'groupId' | 'from' | 'tellsInterruptions' | 'storedTo'>,
    private readonly ports: Pick<ConsumerPorts, 'ownerName' | 'memberOwners' | 'log'>,
    private readonly failed: (error: unknown) => void,
  ) {}

  /**
   * Asks for the commits of the group, and for the starts of partitions without one.
   * @returns the positions that the brokers told. A guess for another one would skip records.
   */
  async of(assigned: readonly TopicPartition[], seat: Seat): Promise<readonly StartPosition[]> {
    const told = await this.told(assigned, seat);
    const living = await this.livingOwners(told);
    return told.map((one) => {
      const { owner } = splitOwner(one.committed.metadata);
      return { ...one, isInterrupted: owner !== undefined && !living.has(owner) };
    });
  }

  private async told(assigned: readonly TopicPartition[], { cluster, member }: Seat): Promise<readonly ToldPosition[]> {
    if (assigned.length === 0) return [];
    const commits = await member.commits(assigned).catch(this.failed);
    if (commits === undefined) return [];
    const isCommitted = (partition: TopicPartition) => (commits.get(partitionName(partition))?.offset ?? -1n) >= 0n;
    const name = this.options.from === 'latest' ? 'end' : 'start';
    const starts = await offsetsOf(
      cluster,
      assigned.filter((partition) => !isCommitted(partition)),
      name,
      this.failed,
    );
    const stored = await this.stored().catch(this.failed);
    if (stored === undefined) return [];
    return assigned.flatMap((partition) => {
      const committed = commits.get(partitionName(partition)) ?? { offset: -1n, metadata: null };
      const start = committed.offset >= 0n ? committed.offset : starts.get(partitionName(partition));
      if (start === undefined) return [];
      const storedTo = stored.get(partitionName(partition)) ?? start;
      if (storedTo >= start) return [{ partition, committed, start }];
      const where = { ...partition, committed: String(start), stored: String(storedTo) };
      this.ports.log('info', 'A store is behind the commits of its group, and the partition is read from there', where);
      return [{ partition, committed, start: storedTo }];
    });
  }

  /** The offset that the store of the reader has reached, by partition. */
  private async stored(): Promise<ReadonlyMap<string, bigint>> {
    const progress = (await this.options.storedTo?.()) ?? [];
    return new Map(progress.map((one) => [partitionName(one), one.finishedTo]));
  }

  /** The owners of marks that are members of the group, this process included. */
  private async livingOwners(positions: readonly ToldPosition[]): Promise<ReadonlySet<string>> {
    const { ownerName, memberOwners, log } = this.ports;
    const isForeign = ({ committed }: ToldPosition) => {
      const { owner } = splitOwner(committed.metadata);
      return owner !== undefined && owner !== ownerName;
    };
    if (this.options.tellsInterruptions !== true || !positions.some(isForeign)) return new Set([ownerName]);
    try {
      return new Set([ownerName, ...(await memberOwners())]);
    } catch (error) {
      // Their records then count as begun, which costs little.
      log('debug', 'The members of a group could not be read', { groupId: this.options.groupId, error: String(error) });
      return new Set([ownerName]);
    }
  }
}
