import { type EpochMs, epochMs, partitionName, type RecordPlace, type TopicName } from '#contracts';
import type { FinishedTo } from '#kafka/strategy';
import type { PlaceFate } from '#lifecycle';

/** The records that one partition holds: from the offset `start` up to the one before `end`. */
export interface KeptRecords {
  /** Without the prefix. */
  readonly topic: TopicName;
  readonly partition: number;
  readonly start: bigint;
  readonly end: bigint;
  /** The timestamp of the oldest record; absent if the partition holds none. */
  readonly oldestAt?: EpochMs;
}

/** Combines two answers: a record of either is kept. Partitions of the second answer only. */
export function keptAtEither(first: readonly KeptRecords[], second: readonly KeptRecords[]): readonly KeptRecords[] {
  const firsts = new Map(first.map((one) => [partitionName(one), one]));
  return second.map((one) => {
    const other = firsts.get(partitionName(one)) ?? one;
    const { oldestAt = other.oldestAt } = one;
    return {
      ...one,
      start: one.start < other.start ? one.start : other.start,
      end: one.end > other.end ? one.end : other.end,
      ...(oldestAt === undefined ? {} : { oldestAt: epochMs(Math.min(oldestAt, other.oldestAt ?? oldestAt)) }),
    };
  });
}

/**
 * Tells what became of places, by what the topics hold and how far their services are.
 *
 * A topic that was deleted and created again may have a record at the offset of a lost one. All its
 * records are newer. The clocks of brokers differ, so a record may also seem older than the first
 * one. Only a look at the offset tells; see {@link found}.
 */
export class PlaceFates {
  private readonly kept: ReadonlyMap<string, KeptRecords>;
  private readonly finished: ReadonlyMap<string, bigint>;
  private readonly there = new Set<string>();

  /** @param committed how far the services are. It was asked for before `kept`. */
  constructor(kept: readonly KeptRecords[], committed: readonly FinishedTo[]) {
    this.kept = new Map(kept.map((one) => [partitionName(one), one]));
    this.finished = new Map(committed.map((one) => [partitionName(one), one.finishedTo]));
  }

  /** A place in a partition that is not given is `open`. */
  of(place: RecordPlace): PlaceFate {
    const { offset, topic } = place;
    const kept = this.kept.get(partitionName(place));
    if (kept === undefined) return 'open';
    const isFinished = offset < this.finishedTo(place);
    if (offset >= kept.end || this.isDoubtful(place)) return 'gone';
    if (offset >= kept.start) return isFinished ? 'finished' : 'open';
    if (isFinished) return 'passed';
    // An executor commits beyond the record when it has finished it, or finds that it is lost. A
    // retry-scheduler does so too, but not before the record in front of it is due.
    return topic.startsWith('invocations') ? 'open' : 'gone';
  }

  /** True if the partition holds a record at the offset that may be another one. */
  isDoubtful(place: RecordPlace): boolean {
    const kept = this.kept.get(partitionName(place));
    if (kept?.oldestAt === undefined || place.offset < kept.start || place.offset >= kept.end) return false;
    return place.at < kept.oldestAt && !this.there.has(keyOf(place));
  }

  /** The partition holds the record of this place. */
  found(place: RecordPlace): void {
    this.there.add(keyOf(place));
  }

  /** Every record of the partition below is finished; 0 if no commit tells. */
  finishedTo(partition: Pick<RecordPlace, 'topic' | 'partition'>): bigint {
    return this.finished.get(partitionName(partition)) ?? 0n;
  }
}

function keyOf(place: RecordPlace): string {
  return `${partitionName(place)}/${place.offset}/${place.at}`;
}
