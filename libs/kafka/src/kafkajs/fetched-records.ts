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
import type { KafkaMessage } from 'kafkajs';

/** A message as the reader of batches makes it. */
export type RawMessage = KafkaMessage & {
  /** True for what no reader gets: marks of transactions, and the ends of batches. */
  readonly isControlRecord?: boolean;
  /** Absent in formats from before Kafka 0.11, which has no transactions. */
  readonly batchContext?: { readonly producerId?: string; readonly inTransaction?: boolean };
};

/** The answer of one fetch for one partition. */
export interface FetchedPartition {
  readonly partition: number;
  /** 0 if the broker has read the partition. */
  readonly errorCode: number;
  readonly highWatermark: string;
  /** Aborted transactions with records in the answer. */
  readonly abortedTransactions?: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
  readonly messages: readonly RawMessage[];
}

/** The records of one fetch for one partition. */
export interface FetchedRecords {
  readonly messages: readonly KafkaMessage[];
  /** The offset at which reading goes on. */
  readonly next: bigint;
}

/** The key of a control record: its version and its type, 16 bits each. */
const abortType = 0;

function endsAborted({ isControlRecord, key }: RawMessage): boolean {
  return isControlRecord === true && key !== null && key.length >= 4 && key.readInt16BE(2) === abortType;
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

  has(message: RawMessage, offset: bigint): boolean {
    // F2.
    for (let one = this.begun[this.seen]; one !== undefined && one.firstOffset <= offset; one = this.begun[this.seen]) {
      this.open.add(one.producerId);
      this.seen += 1;
    }
    const { producerId = '', inTransaction = false } = message.batchContext ?? {};
    // F1.
    if (endsAborted(message)) this.open.delete(producerId);
    return inTransaction && this.open.has(producerId);
  }
}

/** Selects the records of an answer from an offset on. */
export function fetchedRecords({ messages: raw, abortedTransactions }: FetchedPartition, position: bigint): FetchedRecords {
  const aborted = new AbortedTransactions(abortedTransactions ?? []);
  const messages: KafkaMessage[] = [];
  let next = position;
  for (const message of raw) {
    const offset = BigInt(message.offset);
    const isAborted = aborted.has(message, offset);
    if (offset < position) continue;
    // F3.
    if (offset >= next) next = offset + 1n;
    if (!isAborted && message.isControlRecord !== true) messages.push(message);
  }
  return { messages, next };
}
