/**
 * Deals the partitions of a group out to its members.
 *
 * D1. Partitions with the same number move together: all topics of a group are dealt alike.
 * D2. Each member gets as many numbers as any other, or one more. A member keeps what it holds as
 *     far as that allows.
 * D3. A partition that another member holds is dealt to nobody. Its holder learns from that to let
 *     it go, and joins again when it has. So no partition has two owners at any time.
 * D4. A member that leaves gets nothing.
 */
import { partitionName } from '#contracts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { MemberData } from './member-data.ts';

/** A member with the topics that it reads. */
export interface DealtMember extends Pick<MemberData, 'generationId' | 'held' | 'isLeaving'> {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/**
 * Deals partitions out.
 * @param counts partitions of each topic.
 * @returns the partitions of each member, by its id.
 */
export function dealPartitions(
  members: readonly DealtMember[],
  counts: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly TopicPartition[]> {
  const dealt = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
  const takers = members.filter(({ isLeaving }) => !isLeaving).sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  if (takers.length === 0) return dealt;
  const holders = holdersOf(members, counts);
  const owners = ownersOf(takers, Math.max(0, ...counts.values()), holders, [...counts.keys()]);
  for (const [topic, count] of counts) {
    const readers = takers.filter(({ topics }) => topics.includes(topic));
    for (let partition = 0; partition < count && readers.length > 0; partition += 1) {
      const owner = readers.find((one) => one === owners[partition]) ?? readers[partition % readers.length];
      const holder = holders.get(partitionName({ topic, partition }));
      const isFree = holder === undefined || holder === owner?.memberId;
      if (owner !== undefined && isFree) dealt.get(owner.memberId)?.push({ topic, partition });
    }
  }
  return dealt;
}

/**
 * The holder of each partition. Of two members that hold one, the later generation is right. A
 * member may claim very many partitions that do not exist.
 */
function holdersOf(members: readonly DealtMember[], counts: ReadonlyMap<string, number>): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  for (const { memberId, held } of members.toSorted((a, b) => a.generationId - b.generationId))
    for (const one of held) if (one.partition < (counts.get(one.topic) ?? 0)) holders.set(partitionName(one), memberId);
  return holders;
}

/** D1, D2. @returns the owner of each partition number. */
function ownersOf(
  takers: readonly DealtMember[],
  numbers: number,
  holders: ReadonlyMap<string, string>,
  topics: readonly string[],
): readonly (DealtMember | undefined)[] {
  const owners: (DealtMember | undefined)[] = Array.from({ length: numbers });
  const holderOf = (partition: number) => {
    const name = topics.map((topic) => holders.get(partitionName({ topic, partition }))).find((one) => one !== undefined);
    return takers.find(({ memberId }) => memberId === name);
  };
  const kept = new Map<DealtMember, number[]>(takers.map((taker) => [taker, []]));
  for (let number = 0; number < numbers; number += 1) {
    const holder = holderOf(number);
    if (holder !== undefined) kept.get(holder)?.push(number);
  }
  const least = Math.floor(numbers / takers.length);
  let withOneMore = numbers % takers.length;
  const room = new Map<DealtMember, number>();
  // Those who hold most keep one more than the others.
  for (const [taker, own] of [...kept].sort(([, a], [, b]) => b.length - a.length)) {
    const share = least + (withOneMore > 0 ? 1 : 0);
    if (withOneMore > 0) withOneMore -= 1;
    for (const number of own.slice(0, share)) owners[number] = taker;
    room.set(taker, share - Math.min(share, own.length));
  }
  for (let number = 0; number < numbers; number += 1) {
    if (owners[number] !== undefined) continue;
    const taker = takers.reduce((best, one) => ((room.get(one) ?? 0) > (room.get(best) ?? 0) ? one : best));
    owners[number] = taker;
    room.set(taker, (room.get(taker) ?? 0) - 1);
  }
  return owners;
}
