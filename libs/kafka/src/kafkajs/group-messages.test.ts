/**
 * Goal: no member can stop or delay its group by what it says. Method: damaged messages, and those
 * of kafkajs compared.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dealtCooperatively, dealtInTurn, decodeAssignment, encodeMetadata, membersOf } from './group-assignments.ts';
import { readAssignmentMessage, readMemberMessage } from './group-messages.ts';
import { MemberAssignment, MemberMetadata } from './kafkajs-internals.ts';

const metadata = encodeMetadata(['a', 'b'], { generationId: 1, held: [{ topic: 'a', partition: 0 }], isLeaving: false });
const assignment = MemberAssignment.encode({ version: 0, assignment: { a: [0, 1], b: [2] }, userData: Buffer.from('{}') });
const counts = new Map([
  ['a', 3],
  ['b', 3],
]);

/** A version, 2^31-1 topics, and a name with the length -2: kafkajs reads that length again. */
const endless = Buffer.from('00007ffffffffffe', 'hex');
/** A version, and 2^31-1 topics: the bytes end. */
const countless = Buffer.from('00007fffffff', 'hex');
const malformed: readonly (readonly [string, Buffer])[] = [
  ['a negative length', endless],
  ['more topics than bytes', countless],
  ['a negative number of topics', Buffer.from('0000fffffffe', 'hex')],
  ['half a number', Buffer.from('000000', 'hex')],
  ['nothing', Buffer.alloc(0)],
  ['user data that is cut off', metadata.subarray(0, -1)],
];

describe.each([
  ['cooperatively', dealtCooperatively],
  ['in turn', dealtInTurn],
])('a leader that deals partitions %s', (_how, deal) => {
  it.each(malformed)('gives none to a member that says %s, and all to the others', (_what, memberMetadata) => {
    const joined = [
      { memberId: 'm', memberMetadata: metadata },
      { memberId: 'n', memberMetadata },
    ];
    const dealt = new Map(deal(joined, counts).map((one) => [one.memberId, decodeAssignment(one.memberAssignment).assigned]));
    expect(dealt.get('m')).toHaveLength(6);
    expect(dealt.get('n')).toEqual([]);
  });
});

it('a member refuses a malformed assignment', () => {
  expect(() => decodeAssignment(endless)).toThrow('malformed assignment');
  expect(() => decodeAssignment(countless)).toThrow('malformed assignment');
  expect(decodeAssignment(Buffer.alloc(0))).toEqual({ assigned: [] });
});

it('a member with malformed data hides no other member', () => {
  const members = [
    { memberMetadata: endless, memberAssignment: endless },
    { memberMetadata: metadata, memberAssignment: assignment },
  ];
  expect(membersOf(members).members.map(({ assigned }) => assigned.length)).toEqual([0, 3]);
});

const texts = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => text.isWellFormed()));

it('reads what kafkajs writes', () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(2 ** 31 - 1)), fc.uint8Array({ maxLength: 9 }), (topics, numbers, data) => {
      const userData = Buffer.from(data);
      expect(readMemberMessage(MemberMetadata.encode({ version: 1, topics, userData }))).toEqual({ topics, userData });
      const byTopic = Object.fromEntries(topics.map((topic) => [topic, numbers]));
      const assigned = Object.keys(byTopic).flatMap((topic) => numbers.map((partition) => ({ topic, partition })));
      const written = MemberAssignment.encode({ version: 0, assignment: byTopic, userData });
      expect(readAssignmentMessage(written)).toEqual({ assigned, userData });
    }),
    { numRuns: 50 },
  );
});

it('reads any bytes without an error', () => {
  const damaged = fc
    .tuple(fc.constantFrom(metadata, assignment), fc.nat(60), fc.integer(), fc.nat(60))
    .map(([bytes, at, number, cut]) => {
      const copy = Buffer.from(bytes);
      copy.writeInt32BE(number | 0, at % (copy.length - 3));
      return copy.subarray(0, copy.length - (cut % copy.length));
    });
  fc.assert(
    fc.property(damaged, (bytes) => {
      readMemberMessage(bytes);
      readAssignmentMessage(bytes);
    }),
  );
});
