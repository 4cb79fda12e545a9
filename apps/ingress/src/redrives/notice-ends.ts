import { Inject } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { decodeRedrivenEnd, redriveBounds, type RedriveSpec } from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';

/** Records that one request to the brokers reads. */
const pageSize = 5_000;

/** The ends of the notices of one redrive, as far as this process has read them. */
interface Known {
  next: bigint;
  /** True for a notice that was delivered, by its dead letter. */
  readonly ends: Map<string, boolean>;
}

/**
 * The ends of redriven notices, which notifiers write to the topic `redriven`.
 *
 * A notifier may write an end twice, so ends are counted by their dead letters. A process that
 * takes a redrive over reads the topic from the creation of the redrive on.
 */
export class NoticeEnds {
  /** Of the redrives that this process ran last. */
  private readonly known = new LRUCache<string, Known>({ max: redriveBounds.activeMax });

  constructor(@Inject(KAFKA) private readonly kafka: KafkaGateway) {}

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

  private async read({ id, endsFrom = 0 }: RedriveSpec): Promise<ReadonlyMap<string, boolean>> {
    const { start, end } = await this.bounds();
    const known = this.known.get(id) ?? { next: BigInt(endsFrom), ends: new Map<string, boolean>() };
    this.known.set(id, known);
    const topic = this.kafka.topics.name('redriven');
    let at = known.next < start ? start : known.next;
    while (at < end) {
      const records = await this.kafka.recordsFrom({ topic, partition: 0 }, at, pageSize);
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
      at = last.offset + 1n;
      if (at > known.next) known.next = at;
    }
    return known.ends;
  }

  private async bounds(): Promise<{ readonly start: bigint; readonly end: bigint }> {
    const [only] = await this.kafka.admin.ends(this.kafka.topics.name('redriven'));
    return only ?? { start: 0n, end: 0n };
  }
}
