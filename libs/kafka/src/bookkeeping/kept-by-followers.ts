import type { IncomingRecord, PlatformError } from '#contracts';
import type { TransportLog } from '../log.ts';
import type { KeptRecord } from '../ports.ts';

/**
 * The records of newer releases at which the followers of a process wait. They wait until the
 * process is replaced: every process reads the whole topic, so no other one can read them instead.
 */
export class KeptByFollowers {
  private readonly records: KeptRecord[] = [];
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly log: TransportLog) {}

  get all(): readonly KeptRecord[] {
    return this.records;
  }

  /** Calls a listener when the first record is kept. */
  onFirst(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Notes the first record of a partition that a follower cannot read. */
  add({ topic, partition, offset }: IncomingRecord, error: PlatformError): void {
    this.records.push({ topic, partition, offset });
    const where = { topic, partition, offset: String(offset), error: error.message };
    this.log('warn', 'This process takes no work until a newer release replaces it: it cannot read a record', where);
    if (this.records.length === 1) for (const listener of this.listeners) listener();
  }
}

/** The records at which consumers wait, from how far they are with their partitions. */
export function keptByConsumers(progress: readonly (Omit<KeptRecord, 'offset'> & { readonly keptAt?: bigint })[]): KeptRecord[] {
  return progress.flatMap(({ topic, partition, keptAt }) => (keptAt === undefined ? [] : [{ topic, partition, offset: keptAt }]));
}
