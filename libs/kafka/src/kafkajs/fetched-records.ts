/**
 * The records of one fetch for one partition, without those of aborted transactions.
 *
 * F1. Only a control record ends a transaction. For kafkajs any key of four zero bytes, such as the
 *     integer 0, ends an aborted transaction. It then hands out the rest of that transaction.
 * F2. Several transactions may have begun before the offset that was asked for. kafkajs begins one
 *     with each record, and hands out records of the others.
 * F3. Reading goes on behind everything that was read: also behind batches of which compaction left
 *     no record.
 *
 * @see https://kafka.apache.org/documentation/#controlbatch
 */
import type { FetchedMessage } from './record-decoder.ts';

/** The answer of one fetch for one partition. */
export interface FetchedPartition {
  readonly partition: number;
  /** 0 if the broker has read the partition. */
  readonly errorCode: number;
  readonly highWatermark: string;
  /** Aborted transactions with records in the answer. */
  readonly abortedTransactions?: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
  readonly messages: readonly FetchedMessage[];
}

/** The records of one fetch for one partition. */
export interface FetchedRecords {
  readonly messages: readonly FetchedMessage[];
  /** The offset at which reading goes on. */
  readonly next: bigint;
}

/** Tells for messages in the order of their offsets which ones belong to an aborted transaction. */
class AbortedTransactions {
  private readonly begun: readonly { readonly producerId: string; readonly firstOffset: bigint }[];
  private seen = 0;
  private readonly open = new Set<string>();

  constructor(all: NonNullable<FetchedPartition['abortedTransactions']>) {
    const begun = all.map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }));
    this.begun = begun.toSorted((one, other) => (one.firstOffset < other.firstOffset ? -1 : 1));
  }

  has({ offset, batch, isAbort }: FetchedMessage): boolean {
    // F2.
    for (let one = this.begun[this.seen]; one !== undefined && one.firstOffset <= offset; one = this.begun[this.seen]) {
      this.open.add(one.producerId);
      this.seen += 1;
    }
    if (batch === undefined) return false;
    // F1.
    if (isAbort) this.open.delete(batch.producerId);
    return batch.inTransaction && this.open.has(batch.producerId);
  }
}

/** Selects the records of an answer from an offset on. */
export function fetchedRecords({ messages: raw, abortedTransactions }: FetchedPartition, position: bigint): FetchedRecords {
  const all = abortedTransactions ?? [];
  const aborted = all.length === 0 ? undefined : new AbortedTransactions(all);
  const messages: FetchedMessage[] = [];
  let last = position - 1n;
  for (const message of raw) {
    const isAborted = aborted?.has(message) === true;
    if (message.offset < position) continue;
    // F3.
    if (message.offset > last) last = message.offset;
    if (!isAborted && !message.isControl) messages.push(message);
  }
  return { messages, next: last + 1n };
}
