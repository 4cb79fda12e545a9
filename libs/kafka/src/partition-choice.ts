import type { Spread } from '#contracts';

/** A partition, and the id of the broker that leads it; -1 while it has no leader. */
export interface PartitionLeader {
  readonly partitionId: number;
  readonly leader: number;
}

/** The properties of a record that choose its partition. */
export interface UnplacedRecord {
  /** Chosen by the sender. */
  readonly partition?: number;
  readonly key?: string | Buffer | null;
  readonly spread?: Spread | undefined;
  /**
   * Number of the batch; all records of a batch that have no key go to one partition, the next
   * batch goes to the next. Default 0.
   */
  readonly batchNumber?: number;
}

/**
 * Chooses the partition of a record: the one it names, else by the hash of its key, else by the
 * number of its batch. The hash is that of every Kafka client. One partition for a whole batch is
 * less work for client and broker than a batch spread over all partitions.
 * @param partitions all partitions of the topic; those without a leader get no records without a
 *   key, unless none has a leader.
 */
export function choosePartition(
  { partition, key, spread, batchNumber = 0 }: UnplacedRecord,
  partitions: readonly PartitionLeader[],
): number {
  if (partition !== undefined) return partition;
  if (key !== undefined && key !== null && spread !== undefined && spread.places < partitions.length)
    return (hashOf(spread.key) + (hashOf(key) % spread.places)) % partitions.length;
  if (key !== undefined && key !== null) return hashOf(key) % partitions.length;
  const led = partitions.filter(({ leader }) => leader >= 0);
  const choices = led.length > 0 ? led : partitions;
  return choices[batchNumber % choices.length]?.partitionId ?? 0;
}

/**
 * How many places of a spread lie on these partitions of one topic together. The places of a spread
 * are shared out over all partitions in turn, from the partition of its key on.
 * @param partitions how many the topic has.
 */
export function placesAmong(numbers: readonly number[], { key, places }: Spread, partitions: number): number {
  const first = hashOf(key) % partitions;
  const onEach = Math.floor(places / partitions);
  const left = places % partitions;
  let sum = 0;
  for (const partition of numbers) sum += onEach + ((partition - first + partitions) % partitions < left ? 1 : 0);
  return sum;
}

/** From 0. */
function hashOf(key: string | Buffer): number {
  return murmur2(typeof key === 'string' ? Buffer.from(key) : key) & 0x7fff_ffff;
}

const multiplier = 0x5bd1_e995;

/**
 * The hash of Kafka's clients, as a signed integer of 32 bits.
 * @see
 *   https://github.com/apache/kafka/blob/4.0/clients/src/main/java/org/apache/kafka/common/utils/Utils.java
 *   (`murmur2`)
 */
function murmur2(bytes: Buffer): number {
  const { length } = bytes;
  let hash = 0x9747_b28c ^ length;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    let word = Math.imul(bytes.readInt32LE(index), multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  if (index < length) {
    let rest = 0;
    for (let last = length - 1; last >= index; last -= 1) rest = (rest << 8) | (bytes[last] ?? 0);
    hash = Math.imul(hash ^ rest, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}
