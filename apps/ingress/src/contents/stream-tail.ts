import { Inject } from '@nestjs/common';
import { beginningOf, cloudEventHeader, type IncomingRecord, PlatformError } from '#contracts';
import { KAFKA, type KafkaGateway, type PartitionEnd } from '#kafka';
import { contentBounds } from './contents.operations.ts';

/** A record of a stream, with the beginning of its value. */
export interface TailRecord extends Pick<IncomingRecord, 'partition' | 'offset' | 'timestamp'> {
  /** Absent for a record that Sendoff did not write. */
  readonly notice?: { readonly key: string; readonly beginning: string; readonly bytes: number };
}

/** The newest records of a topic. */
export type Tail =
  /** The newest record first. */
  | { readonly kind: 'records'; readonly records: readonly TailRecord[] }
  /** No such topic, or the account of the ingress may not see it. */
  | { readonly kind: 'no-topic' }
  | { readonly kind: 'too-many-partitions'; readonly partitions: number };

const { partitionsMax, valueLengthMax } = contentBounds;
/** A character of UTF-8 takes four bytes at most. */
const beginningBytesMax = 4 * valueLengthMax;
/** Partitions that are read at once: the broker answers with up to 1 MiB for each. */
const partitionsAtOnce = 8;

/** Reads the end of the topics behind streams. */
export class StreamTail {
  constructor(@Inject(KAFKA) private readonly kafka: KafkaGateway) {}

  /**
   * Finds the newest records of a topic by their time.
   * @throws PlatformError `BROKER_UNAVAILABLE`, also if the signal aborts; `BROKER_ACCESS_DENIED`.
   */
  async newest(topic: string, limit: number, signal: AbortSignal): Promise<Tail> {
    const late = Promise.withResolvers<never>();
    const end = () => late.reject(new PlatformError('BROKER_UNAVAILABLE', { details: { topic, reason: 'no answer in time' } }));
    signal.addEventListener('abort', end, { once: true });
    try {
      return await Promise.race([this.read(topic, limit, signal), late.promise]);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  private async read(topic: string, limit: number, signal: AbortSignal): Promise<Tail> {
    if (!(await this.kafka.admin.list()).includes(topic)) return { kind: 'no-topic' };
    const ends = await this.kafka.admin.ends(topic);
    if (ends.length > partitionsMax) return { kind: 'too-many-partitions', partitions: ends.length };
    let newest: readonly TailRecord[] = [];
    for (let at = 0; at < ends.length; at += partitionsAtOnce) {
      const some = ends.slice(at, at + partitionsAtOnce);
      const tails = await Promise.all(some.map(async (partition) => this.lastOf(topic, partition, limit, signal)));
      newest = [...newest, ...tails.flat()].toSorted(byTime).slice(0, limit);
    }
    return { kind: 'records', records: newest };
  }

  private async lastOf(topic: string, bounds: PartitionEnd, limit: number, signal: AbortSignal): Promise<readonly TailRecord[]> {
    const { partition, start, end } = bounds;
    const records: TailRecord[] = [];
    const from = end - BigInt(limit);
    for (let at = from > start ? from : start; at < end && !signal.aborted; ) {
      const some = await this.kafka.recordsFrom({ topic, partition }, at, Number(end - at));
      const last = some.at(-1);
      if (last === undefined) break;
      records.push(...some.map(shown));
      at = last.offset + 1n;
    }
    return records;
  }
}

function byTime(one: TailRecord, other: TailRecord): number {
  if (one.timestamp !== other.timestamp) return other.timestamp - one.timestamp;
  if (one.partition !== other.partition) return one.partition - other.partition;
  return one.offset < other.offset ? 1 : -1;
}

/** Sendoff describes each record of a stream as an event of its own types. */
function shown({ partition, offset, timestamp, key, value, headers }: IncomingRecord): TailRecord {
  const place = { partition, offset, timestamp };
  if (headers[cloudEventHeader.type]?.startsWith('dev.sendoff.') !== true) return place;
  const text = value?.subarray(0, beginningBytesMax).toString('utf8') ?? '';
  return { ...place, notice: { key: key ?? '', beginning: beginningOf(text, valueLengthMax), bytes: value?.length ?? 0 } };
}
