import { type EpochMs, type IncomingRecord, type OutgoingRecord, PlatformError } from '#contracts';
import type { Publisher, RecordDelivery } from '#kafka';
import type { Clock } from '#platform';
import { builtAt } from './builders.ts';
import { ManualClock } from './manual-clock.ts';

/** The record as a consumer reads it: the first one of partition 0. */
export function asIncoming(record: OutgoingRecord, timestamp: EpochMs = builtAt): IncomingRecord {
  const bytes = record.value?.length ?? 0;
  return { partition: 0, offset: 0n, timestamp, ...record, key: record.key ?? null, bytes };
}

/**
 * The handling of a record until its partition is lost. It tries each write once; a consumer of
 * `MemoryKafka` repeats writes.
 */
export function inHand(lost: AbortSignal = new AbortController().signal, more: Partial<RecordDelivery> = {}): RecordDelivery {
  const refuseLost = () => {
    if (lost.aborted) throw new PlatformError('PARTITION_LOST');
  };
  return {
    commit: async () => undefined,
    readyToAct: async () => refuseLost(),
    async writeUntilDone(write) {
      refuseLost();
      await write();
    },
    ...more,
  };
}

/** A publisher that keeps what it is given, in order. */
export class RecordingPublisher implements Publisher {
  readonly records: OutgoingRecord[] = [];
  /** When each record was published, by the clock of the publisher. */
  readonly times: EpochMs[] = [];
  /** While this is set, `publish` rejects with it and keeps nothing. */
  failure: Error | undefined;
  /** `publish` waits for it. */
  delay: Promise<void> | undefined;

  constructor(private readonly clock: Clock = new ManualClock(builtAt)) {}

  async publish(given: OutgoingRecord | readonly OutgoingRecord[]): Promise<void> {
    if (this.delay !== undefined) await this.delay;
    if (this.failure !== undefined) throw this.failure;
    for (const record of [given].flat()) {
      this.records.push(record);
      this.times.push(this.clock.now());
    }
  }

  async close(): Promise<void> {}
}
