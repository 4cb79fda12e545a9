/**
 * Stores the record of an attempt together with the settlement that ends the attempt.
 *
 * Most invocations end within seconds. The store would write the row of each twice: when it is
 * queued, and when it is settled. A settlement tells all that the record of its attempt told, and
 * names the place of that record.
 *
 * P1. The record of an attempt is finished with its settlement if that is read first. It is not
 *     read itself.
 * P2. While executors settle many attempts of a partition, its records wait for their settlements.
 *     Their offsets are not committed before, so a crash costs nothing.
 * P3. A record waits no longer once executors have passed it, or 5 s after it was written. So this
 *     process never falls behind because of waits.
 * P4. No record waits while somebody asks for records, or while this process drains.
 * P5. A record whose settlement cannot be stored is read itself.
 * P6. A record and a settlement are a pair if they have the same key, too. Offsets begin anew on a
 *     topic that was made again.
 */
import {
  asksForAttempts,
  type EpochMs,
  type IncomingRecord,
  madeFromOf,
  partitionName,
  type RecordPlace,
  type TopicName,
} from '#contracts';
import { type Clock, ShortLivedMap, type Timer } from '#platform';
import type { Recorder } from './recorder.ts';

/** How often waiting records are looked at, in milliseconds. */
const lookEveryMs = 100;
/** Settlements for one partition within this time from which its records wait. */
export const busySettlements = 10;
/** Until this age the record of an attempt waits for its settlement, in milliseconds. */
export const pairedAgeMs = 5_000;
/**
 * Records of a partition that executors settle in another order than they were written. A record
 * further back was passed: its attempt lasts, or is made again.
 */
export const passedBy = 1_000;
/** Settlements that are remembered for one partition until its records are read. */
export const settledMax = 30_000;

interface WaitingRecord {
  readonly requestId: string;
  readonly writtenAt: EpochMs;
  /** Stores the record with its settlement, or alone. */
  readonly end: (settled?: Promise<void>) => void;
}

/** A settlement of which the record has not been read. */
interface Settled {
  readonly requestId: string;
  readonly stored: Promise<void>;
}

/** The records of attempts on one partition, by offset. */
class AttemptsOfPartition {
  readonly waiting = new ShortLivedMap<number, WaitingRecord>();
  readonly settled = new ShortLivedMap<number, Settled>();
  /** The offset of the record that was read last. */
  readTo = 0;
  /** The highest offset that a settlement has named. */
  settledTo = 0;
  /** Settlements since the last look. */
  settlements = 0;
  isBusy = false;
}

/** Hands records to the recorder, those of attempts with their settlements. */
export class PairedRecords {
  private readonly partitions = new Map<string, AttemptsOfPartition>();
  private timer: Timer | undefined;

  /** @param isDraining true when this process is about to end. */
  constructor(
    private readonly recorder: Pick<Recorder, 'record'>,
    private readonly clock: Clock,
    private readonly isDraining: () => boolean,
  ) {}

  /** Looks at waiting records until {@link close}. */
  start(): void {
    this.timer = this.clock.setTimer(lookEveryMs, () => {
      for (const partition of this.partitions.values()) this.look(partition);
      this.start();
    });
  }

  close(): void {
    this.timer?.cancel();
  }

  /**
   * Takes a record of a work topic.
   * @param topic without the prefix.
   * @returns resolves after the commit of the transaction that holds what the record tells.
   * @throws as {@link Recorder.record}.
   */
  async record(topic: TopicName, record: IncomingRecord): Promise<void> {
    if (asksForAttempts(topic)) return this.attempt(topic, record);
    const stored = this.recorder.record(topic, record);
    if (topic === 'settlements') this.settlement(record, stored);
    return stored;
  }

  /** P4. Call it every few milliseconds while somebody waits for records. */
  readAtOnce(): void {
    for (const partition of this.partitions.values()) endWaits(partition, () => true);
  }

  private async attempt(topic: TopicName, record: IncomingRecord): Promise<void> {
    const partition = this.partitionOf(topic, record);
    const offset = Number(record.offset);
    const { key: requestId } = record;
    const alone = async () => this.recorder.record(topic, record);
    // P6.
    if (offset < partition.readTo) partition.settledTo = 0;
    partition.readTo = offset;
    const settled = partition.settled.get(offset);
    if (settled !== undefined) {
      partition.settled.delete(offset);
      if (settled.requestId === requestId) return settled.stored.catch(alone);
    }
    if (requestId === null || !partition.isBusy || this.isOver(partition, offset, record.timestamp)) return alone();
    return new Promise((resolve) => {
      const end = (stored?: Promise<void>) => resolve(stored?.catch(alone) ?? alone());
      partition.waiting.get(offset)?.end();
      partition.waiting.set(offset, { requestId, writtenAt: record.timestamp, end });
    });
  }

  private settlement({ key: requestId, headers }: IncomingRecord, stored: Promise<void>): void {
    const place = madeFromIfReadable(headers);
    const partition = place === undefined ? undefined : this.partitions.get(partitionName(place));
    if (requestId === null || place === undefined || partition === undefined) return;
    const { offset } = place;
    partition.settlements += 1;
    if (offset > partition.settledTo) partition.settledTo = offset;
    const waiting = partition.waiting.get(offset);
    if (waiting?.requestId === requestId) {
      partition.waiting.delete(offset);
      waiting.end(stored);
    } else if (offset > partition.readTo) {
      if (partition.settled.size < settledMax) partition.settled.set(offset, { requestId, stored });
    }
  }

  /** P3. */
  private isOver({ settledTo }: AttemptsOfPartition, offset: number, writtenAt: EpochMs): boolean {
    return offset + passedBy <= settledTo || this.clock.now() - writtenAt >= pairedAgeMs;
  }

  private look(partition: AttemptsOfPartition): void {
    partition.isBusy = partition.settlements >= busySettlements && !this.isDraining();
    partition.settlements = 0;
    if (partition.settled.size >= settledMax) forgetRead(partition);
    endWaits(partition, (offset, { writtenAt }) => !partition.isBusy || this.isOver(partition, offset, writtenAt));
  }

  private partitionOf(topic: TopicName, { partition }: IncomingRecord): AttemptsOfPartition {
    const name = partitionName({ topic, partition });
    const known = this.partitions.get(name);
    if (known !== undefined) return known;
    const made = new AttemptsOfPartition();
    this.partitions.set(name, made);
    return made;
  }
}

/** Stores records alone, from the first one on, as long as they are over. */
function endWaits({ waiting }: AttemptsOfPartition, isOver: (offset: number, record: WaitingRecord) => boolean): void {
  for (const [offset, record] of waiting.entries()) {
    if (!isOver(offset, record)) break;
    waiting.delete(offset);
    record.end();
  }
}

/** Another process had the partition meanwhile, and read the records of these settlements. */
function forgetRead({ settled, readTo }: AttemptsOfPartition): void {
  for (const offset of settled.keys()) if (offset <= readTo) settled.delete(offset);
}

/** The recorder refuses a settlement that cannot be read. */
function madeFromIfReadable(headers: IncomingRecord['headers']): RecordPlace | undefined {
  try {
    return madeFromOf(headers);
  } catch {
    return undefined;
  }
}
