/** Members of a group as their coordinator shows them, and assignments in its messages. */
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { GroupFacts, GroupMembers } from '../ports.ts';
import { type DealtMember, dealPartitions } from './deal-partitions.ts';
import { MemberAssignment, MemberMetadata } from './kafkajs-internals.ts';
import { decodeGroupFacts, decodeMemberData, encodeGroupFacts, encodeMemberData, type MemberData } from './member-data.ts';
import { byTopic } from './partition-offsets.ts';

/** The members of a group, as their leader gets them. */
export type JoinedMembers = readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];

/** The messages of the leader to each member. */
export type GroupAssignment = { readonly memberId: string; readonly memberAssignment: Buffer }[];

/** Writes how a member presents itself to its group. */
export function encodeMetadata(topics: readonly string[], data: MemberData): Buffer {
  return MemberMetadata.encode({ version: 0, topics: [...topics], userData: encodeMemberData(data) });
}

function decodeMetadata(metadata: Buffer): MemberData & Pick<DealtMember, 'topics'> {
  const { topics = [], userData } = MemberMetadata.decode(metadata) ?? {};
  return { topics, ...decodeMemberData(userData) };
}

/** The partitions that an assignment names, and the facts of the group, if it tells any. */
export function decodeAssignment(bytes: Buffer): { readonly assigned: readonly TopicPartition[]; readonly group?: GroupFacts } {
  const { assignment = {}, userData } = MemberAssignment.decode(bytes) ?? {};
  const assigned = Object.entries(assignment).flatMap(([topic, numbers]) => numbers.map((partition) => ({ topic, partition })));
  const group = decodeGroupFacts(userData);
  return group === undefined ? { assigned } : { assigned, group };
}

/** Deals partitions out as `deal-partitions.ts` says. */
export function dealtCooperatively(joined: JoinedMembers, counts: ReadonlyMap<string, number>): GroupAssignment {
  const present = joined.map(({ memberId, memberMetadata }) => ({ memberId, ...decodeMetadata(memberMetadata) }));
  const members = present.filter(({ isLeaving }) => !isLeaving).length;
  const userData = encodeGroupFacts({ counts, members });
  return [...dealPartitions(present, counts)].map(([memberId, partitions]) => {
    const assignment = Object.fromEntries(
      byTopic(partitions).map(({ topic, partitions: numbers }) => [topic, numbers.map(({ partition }) => partition)]),
    );
    return { memberId, memberAssignment: MemberAssignment.encode({ version: 0, assignment, userData }) };
  });
}

/** Reads the members of a group that is at rest. */
export function membersOf(
  described: readonly { readonly memberMetadata: Buffer; readonly memberAssignment: Buffer }[],
): GroupMembers {
  const members = described.map(({ memberMetadata, memberAssignment }) => {
    const { url } = decodeMetadata(memberMetadata);
    return { ...decodeAssignment(memberAssignment), ...(url === undefined ? {} : { url }) };
  });
  const counts = members.find(({ group }) => group !== undefined)?.group?.counts ?? new Map<string, number>();
  return { counts, members };
}

/**
 * Deals out the partitions of each topic in turn, among the members that read it. The protocol of
 * earlier versions.
 * @param counts partitions of each topic.
 */
export function dealtInTurn(members: JoinedMembers, counts: ReadonlyMap<string, number>): GroupAssignment {
  const readers = members
    .map(({ memberId, memberMetadata }) => ({ memberId, topics: MemberMetadata.decode(memberMetadata)?.topics ?? [] }))
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const assignments = new Map(readers.map(({ memberId }) => [memberId, new Map<string, number[]>()]));
  let turn = 0;
  for (const [topic, count] of counts) {
    const takers = readers.filter(({ topics }) => topics.includes(topic));
    for (let partition = 0; partition < count && takers.length > 0; partition += 1, turn += 1) {
      const assignment = assignments.get(takers[turn % takers.length]?.memberId ?? '');
      assignment?.set(topic, [...(assignment.get(topic) ?? []), partition]);
    }
  }
  return [...assignments].map(([memberId, assignment]) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({
      version: 0,
      assignment: Object.fromEntries(assignment),
      userData: Buffer.alloc(0),
    }),
  }));
}
