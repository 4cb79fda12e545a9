/**
 * The records of one fetch for one partition, without those of aborted transactions.
 *
 * F1. Only a control record ends a transaction. For kafkajs any key of four zero bytes, such as the
 *     integer 0, ends an aborted transaction. It then hands out the rest of that transaction.
 * F2. Several transactions may have begun before the offset that was asked for. kafkajs begins one
 *     with each record, and hands out records of the others.
 * F3. Reading goes on behind everything that was read: also behind batches of which compaction left
 *     no record.
 * F4. A damaged batch may have been the mark that ends an aborted transaction. Then the records
 *     that the same producer wrote behind it may be committed ones of its next transaction. Nobody
 *     knows until the next mark, so they go to the rejects, and none is lost in silence.
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

/** F4. */
const unknownEnd =
  'a damaged batch before this record may have ended an aborted transaction of its producer, so the record may be committed or not';

/** Tells for messages in the order of their offsets which ones belong to an aborted transaction. */
class AbortedTransactions {
  private readonly begun: readonly { readonly producerId: string; readonly firstOffset: bigint }[];
  private seen = 0;
  /** By the id of the producer. */
  private readonly open = new Map<string, 'aborted' | 'unknown'>();

  constructor(all: NonNullable<FetchedPartition['abortedTransactions']>) {
    const begun = all.map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }));
    this.begun = begun.toSorted((one, other) => (one.firstOffset < other.firstOffset ? -1 : 1));
  }

  /** @returns undefined for a record that counts. */
  fateOf({ offset, batch, unreadable, isAbort }: FetchedMessage): 'aborted' | 'unknown' | undefined {
    // F4. A mark lies behind the first record of its transaction.
    if (batch === undefined && unreadable !== undefined)
      for (const producer of this.open.keys()) this.open.set(producer, 'unknown');

    // F2.
    for (let one = this.begun[this.seen]; one !== undefined && one.firstOffset <= offset; one = this.begun[this.seen]) {
      this.open.set(one.producerId, 'aborted');
      this.seen += 1;
    }
    if (batch === undefined) return undefined;
    const fate = this.open.get(batch.producerId);
    // F1. F4.
    if (isAbort || (batch.isControl && fate === 'unknown')) this.open.delete(batch.producerId);
    return batch.inTransaction && !batch.isControl ? fate : undefined;
  }
}

/** Selects the records of an answer from an offset on. */
export function fetchedRecords({ messages: raw, abortedTransactions }: FetchedPartition, position: bigint): FetchedRecords {
  const all = abortedTransactions ?? [];
  const aborted = all.length === 0 ? undefined : new AbortedTransactions(all);
  const messages: FetchedMessage[] = [];
  let last = position - 1n;
  for (const message of raw) {
    const fate = aborted?.fateOf(message);
    if (message.offset < position) continue;
    // F3.
    if (message.offset > last) last = message.offset;
    if (fate === 'aborted' || message.isControl) continue;
    messages.push(fate === 'unknown' ? { ...message, unreadable: message.unreadable ?? unknownEnd } : message);
  }
  return { messages, next: last + 1n };
}
