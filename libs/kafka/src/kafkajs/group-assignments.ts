/** Members of a group as their coordinator shows them, and assignments in its messages. */
import type { GroupFacts, GroupMembers } from '../ports.ts';
import { type DealtMember, dealPartitions } from './deal-partitions.ts';
import { type AssignmentMessage, readAssignmentMessage, readMemberMessage } from './group-messages.ts';
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

/** A member whose metadata is malformed reads no topic, so it gets no partitions. */
function decodeMetadata(metadata: Buffer): MemberData & Pick<DealtMember, 'topics'> {
  const { topics = [], userData } = readMemberMessage(metadata) ?? {};
  return { topics, ...decodeMemberData(userData) };
}

/** Partitions, and the facts of the group if they are told. */
type Assigned = Omit<AssignmentMessage, 'userData'> & { readonly group?: GroupFacts };

function withFacts({ assigned, userData }: AssignmentMessage): Assigned {
  const group = decodeGroupFacts(userData);
  return group === undefined ? { assigned } : { assigned, group };
}

/**
 * The partitions that an assignment names, and the facts of the group, if it tells any.
 * @throws RangeError if it is malformed: a member that took it for empty would stand idle.
 */
export function decodeAssignment(bytes: Buffer): Assigned {
  const message = readAssignmentMessage(bytes);
  if (message === undefined) throw new RangeError('the leader of the group sent a malformed assignment');
  return withFacts(message);
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

const noAssignment: AssignmentMessage = { assigned: [], userData: null };

/**
 * Reads the members of a group that is at rest. One that tells malformed data has no partitions.
 */
export function membersOf(
  described: readonly { readonly memberMetadata: Buffer; readonly memberAssignment: Buffer }[],
): GroupMembers {
  const members = described.map(({ memberMetadata, memberAssignment }) => {
    const { url } = decodeMetadata(memberMetadata);
    const message = readAssignmentMessage(memberAssignment) ?? noAssignment;
    return { ...withFacts(message), ...(url === undefined ? {} : { url }) };
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
    .map(({ memberId, memberMetadata }) => ({ memberId, topics: readMemberMessage(memberMetadata)?.topics ?? [] }))
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
