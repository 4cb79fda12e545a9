/**
 * Reads what the members of a group tell each other in Kafka's own messages. Any account that may
 * join the group writes them.
 *
 * kafkajs reserves memory for a stated number of items, and reads backwards after a negative length.
 * Ten bytes of one member keep its leader busy for ever.
 *
 * @see https://kafka.apache.org/protocol#The_Messages_ConsumerProtocolSubscription
 */
import type { TopicPartition } from '../bookkeeping/feed-set.ts';

/** How a member presents itself to its group. */
export interface MemberMessage {
  readonly topics: readonly string[];
  readonly userData: Buffer | null;
}

/** The message of the leader to a member. */
export interface AssignmentMessage {
  readonly assigned: readonly TopicPartition[];
  readonly userData: Buffer | null;
}

/** Topics that one message may name. */
const topicsMax = 10_000;
/** The fewest bytes of a text, of a number, and of a topic with its partitions. */
const fewest = { text: 2, number: 4, partitionsOfTopic: 6 } as const;

/** Reads fields in order. Each method throws a RangeError if the bytes end before the field. */
class Fields {
  private at = 0;

  constructor(private readonly source: Buffer) {}

  int16(): number {
    this.at += 2;
    return this.source.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.source.readInt32BE(this.at - 4);
  }

  text(): string {
    return this.take(this.int16()).toString('utf8');
  }

  /** @returns null if the field says so, or if an old version ends before it. */
  bytes(): Buffer | null {
    if (this.at === this.source.length) return null;
    const length = this.int32();
    return length === -1 ? null : this.take(length);
  }

  /** @param itemBytesMin the fewest bytes of one item. */
  list<Item>(itemBytesMin: number, countMax: number, read: () => Item): Item[] {
    const count = this.int32();
    const room = Math.floor((this.source.length - this.at) / itemBytesMin);
    if (count < 0 || count > Math.min(room, countMax)) throw new RangeError(`a list cannot have ${count} items`);
    return Array.from({ length: count }, read);
  }

  private take(length: number): Buffer {
    const end = this.at + length;
    if (length < 0 || end > this.source.length) throw new RangeError(`a field cannot have ${length} bytes`);
    const taken = this.source.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

/** @returns undefined if the bytes are no such message. */
export function readMemberMessage(bytes: Buffer): MemberMessage | undefined {
  return readOr(() => {
    const fields = new Fields(bytes);
    fields.int16(); // version
    return { topics: fields.list(fewest.text, topicsMax, () => fields.text()), userData: fields.bytes() };
  });
}

/** @returns undefined if the bytes are no such message. No bytes are no partitions. */
export function readAssignmentMessage(bytes: Buffer): AssignmentMessage | undefined {
  if (bytes.length === 0) return { assigned: [], userData: null };
  return readOr(() => {
    const fields = new Fields(bytes);
    fields.int16(); // version
    const byTopic = fields.list(fewest.partitionsOfTopic, topicsMax, () => {
      const topic = fields.text();
      return fields.list(fewest.number, Number.MAX_SAFE_INTEGER, () => ({ topic, partition: fields.int32() }));
    });
    return { assigned: byTopic.flat(), userData: fields.bytes() };
  });
}

function readOr<Message>(read: () => Message): Message | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
