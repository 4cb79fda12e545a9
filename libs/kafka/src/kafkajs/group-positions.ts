import type { TransportLog } from '../log.ts';
import type { AdminConnection } from './admin-connection.ts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';

/** The commit of a group for one partition. */
export interface CommittedPosition {
  readonly offset: bigint;
  readonly metadata: string | null;
}

/**
 * Positions of a group in some partitions. Both are undefined for a partition about which the
 * brokers did not answer.
 */
export interface GroupPositions {
  committed(partition: TopicPartition): CommittedPosition | undefined;
  /** The end of a partition that has no commit. Only for groups that start at the end. */
  end(partition: TopicPartition): bigint | undefined;
}

/** Longest wait for one answer while the fetch loop waits too: far below every session timeout. */
const answerTimeoutMs = 2_000;
const triesMax = 2;

/** Asks the brokers for the positions of a group. */
export class PositionReader {
  constructor(
    private readonly groupId: string,
    private readonly from: 'earliest' | 'latest',
    private readonly admin: AdminConnection,
    private readonly log: TransportLog,
  ) {}

  /** Reads the positions of the group in these partitions. Never rejects. */
  async read(partitions: readonly TopicPartition[]): Promise<GroupPositions> {
    const commits = await this.readCommits(partitions);
    const ends = await this.readEnds(partitions.filter((partition) => commits?.get(nameOf(partition)) === undefined));
    return {
      committed: (partition) => commits?.get(nameOf(partition)),
      end: (partition) => ends.get(nameOf(partition)),
    };
  }

  /**
   * Returns undefined if the coordinator did not answer in time. The client then starts at the
   * commit that it reads itself, without the metadata. So records that were finished out of order
   * are handled again, which is allowed (I5).
   */
  private async readCommits(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, CommittedPosition> | undefined> {
    const topics = topicsOf(partitions);
    if (topics.length === 0) return new Map();
    const { groupId } = this;
    for (let tries = 1; tries <= triesMax; tries += 1) {
      try {
        const answer = await this.admin.ask(answerTimeoutMs, 'reading commits', (admin) =>
          admin.fetchOffsets({ groupId, topics }),
        );
        const commits = new Map<string, CommittedPosition>();
        for (const { topic, partitions: offsets } of answer)
          for (const { partition, offset, metadata } of offsets)
            if (Number(offset) >= 0) commits.set(nameOf({ topic, partition }), { offset: BigInt(offset), metadata });
        return commits;
      } catch (error) {
        this.log('warn', 'The commits of a group could not be read', { groupId, tries, error: String(error) });
      }
    }
    return undefined;
  }

  private async readEnds(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>> {
    const ends = new Map<string, bigint>();
    if (this.from !== 'latest') return ends;
    for (const topic of topicsOf(partitions)) {
      const offsets = await this.admin
        .ask(answerTimeoutMs, 'reading ends', (admin) => admin.fetchTopicOffsets(topic))
        .catch(() => []);
      for (const { partition, high } of offsets) ends.set(nameOf({ topic, partition }), BigInt(high));
    }
    return ends;
  }
}

function topicsOf(partitions: readonly TopicPartition[]): string[] {
  return [...new Set(partitions.map(({ topic }) => topic))];
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
