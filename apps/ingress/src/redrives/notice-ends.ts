import { Inject } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { decodeRedrivenEnd, type IncomingRecord, redriveBounds, type RedriveSpec } from '#contracts';
import { KAFKA, type KafkaGateway, type PartitionEnd } from '#kafka';

/** Records that one request to the brokers reads. */
const pageSize = 5_000;

/** The ends of the notices of one redrive, as far as this process has read them. */
interface Known {
  next: bigint;
  /** The record before `next`; undefined until one was read. */
  last?: IncomingRecord;
  /** True for a notice that was delivered, by its dead letter. */
  readonly ends: Map<string, boolean>;
}

/**
 * The ends of redriven notices, which notifiers write to the topic `redriven`.
 *
 * A notifier may write an end twice, so ends are counted by their dead letters. A process that
 * takes a redrive over reads the topic from the creation of the redrive on. If somebody deleted the
 * topic, and it was created again, the new one is read from its start.
 */
export class NoticeEnds {
  /** Of the redrives that this process ran last. */
  private readonly known = new LRUCache<string, Known>({ max: redriveBounds.activeMax });

  constructor(@Inject(KAFKA) private readonly kafka: Pick<KafkaGateway, 'admin' | 'topics' | 'recordsFrom'>) {}

  /** The offset at which the ends of a redrive begin that is created now. */
  async place(): Promise<number> {
    return Number((await this.bounds()).end);
  }

  /** Counts the ends of a redrive. @throws PlatformError `BROKER_UNAVAILABLE`. */
  async of(spec: RedriveSpec): Promise<{ readonly succeeded: number; readonly failed: number }> {
    const ends = await this.read(spec);
    const succeeded = [...ends.values()].filter(Boolean).length;
    return { succeeded, failed: ends.size - succeeded };
  }

  /** True if the redrive has sent the notice of a dead letter, and it has ended. */
  async has(spec: RedriveSpec, letter: string): Promise<boolean> {
    return this.known.get(spec.id)?.ends.has(letter) === true || (await this.read(spec)).has(letter);
  }

  private async read(spec: RedriveSpec): Promise<ReadonlyMap<string, boolean>> {
    const { id, endsFrom = 0 } = spec;
    const { start, end } = await this.bounds();
    const known: Known = this.known.get(id) ?? { next: BigInt(endsFrom), ends: new Map<string, boolean>() };
    this.known.set(id, known);
    if (known.next < start || (await this.isOfFormerTopic(known, spec, end))) {
      known.next = start;
      delete known.last;
    }
    while (known.next < end) {
      const records = await this.recordsFrom(known.next, pageSize);
      for (const record of records) {
        // A record that no notifier wrote must not stop the count.
        const ended = this.kafka.topics.readOrSkip(record, decodeRedrivenEnd);
        if (ended === undefined) continue;
        const { redriveId, letter, state } = ended;
        // A copy may end in another way. The target has the notice if one of them was delivered.
        if (redriveId === id) known.ends.set(letter, state === 'delivered' || known.ends.get(letter) === true);
      }
      const last = records.at(-1);
      if (last === undefined) break;
      known.next = last.offset + 1n;
      known.last = last;
    }
    return known.ends;
  }

  /**
   * True if the topic was made again since a place in it was reached. Its end may be beyond that
   * place by now, so the record before the place is compared with the one that was read. A process
   * that has read none knows that the redrive is younger than that record.
   */
  private async isOfFormerTopic({ next, last }: Known, { createdAt }: RedriveSpec, end: bigint): Promise<boolean> {
    if (next > end) return true;
    if (next === 0n) return false;
    const [before] = await this.recordsFrom(next - 1n, 1);
    if (before === undefined || before.offset >= next) return false;
    return last === undefined ? before.timestamp > createdAt : !isSame(before, last);
  }

  private async recordsFrom(offset: bigint, recordsMax: number): Promise<readonly IncomingRecord[]> {
    return this.kafka.recordsFrom({ topic: this.kafka.topics.name('redriven'), partition: 0 }, offset, recordsMax);
  }

  private async bounds(): Promise<Omit<PartitionEnd, 'partition'>> {
    const [only] = await this.kafka.admin.ends(this.kafka.topics.name('redriven'));
    return only ?? { start: 0n, end: 0n };
  }
}

function isSame(one: IncomingRecord, other: IncomingRecord): boolean {
  return one.timestamp === other.timestamp && one.key === other.key && String(one.value) === String(other.value);
}
