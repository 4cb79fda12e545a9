/**
 * Goal: members of a group take partitions over without two owners at any time, and end with equal
 * shares. Method: groups play the rounds of the protocol until nothing changes.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DealtMember, dealPartitions } from './deal-partitions.ts';
import { decodeMemberData, encodeMemberData } from './member-data.ts';

const topics = ['express', 'bulk'];

function aMember(memberId: string, numbers: readonly number[] = [], more: Partial<DealtMember> = {}): DealtMember {
  const held = topics.flatMap((topic) => numbers.map((partition) => ({ topic, partition })));
  return { memberId, topics, held, generationId: 1, isLeaving: false, ...more };
}

function countsOf(partitions: number): ReadonlyMap<string, number> {
  return new Map(topics.map((topic) => [topic, partitions]));
}

/** The partition numbers that a member gets of one topic. */
function numbersOf(dealt: ReturnType<typeof dealPartitions>, memberId: string, topic = 'express'): readonly number[] {
  return (dealt.get(memberId) ?? []).filter((one) => one.topic === topic).map(({ partition }) => partition);
}

describe('dealPartitions', () => {
  it('deals all topics alike', () => {
    const dealt = dealPartitions([aMember('a'), aMember('b'), aMember('c')], countsOf(5));
    const ofBulk = ['a', 'b', 'c'].map((id) => numbersOf(dealt, id, 'bulk'));
    expect(['a', 'b', 'c'].map((id) => numbersOf(dealt, id))).toEqual(ofBulk);
    expect(ofBulk.flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  });

  it('does not believe a member that holds partitions which do not exist', () => {
    const held = [0, 1, 2].map((partition) => ({ topic: 'express', partition }));
    const counts = new Map([...countsOf(3), ['express', 0]]);
    const dealt = dealPartitions([aMember('a', [], { held }), aMember('b')], counts);
    expect(numbersOf(dealt, 'a', 'bulk')).toHaveLength(2);
    expect(numbersOf(dealPartitions([aMember('b', [], { held }), aMember('a')], counts), 'a', 'bulk')).toHaveLength(2);
  });

  it('takes from a holder only what another member should have, and gives it to nobody yet', () => {
    const dealt = dealPartitions([aMember('a', [0, 1, 2, 3]), aMember('b')], countsOf(4));
    expect([numbersOf(dealt, 'a'), numbersOf(dealt, 'b')]).toEqual([[0, 1], []]);
  });

  it('gives a partition to the member that it belongs to when its holder has let it go', () => {
    const dealt = dealPartitions([aMember('a', [0, 1]), aMember('b')], countsOf(4));
    expect([numbersOf(dealt, 'a'), numbersOf(dealt, 'b')]).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it('gives a member that leaves nothing, and its partitions to nobody while it holds them', () => {
    const dealt = dealPartitions([aMember('a', [0, 1], { isLeaving: true }), aMember('b', [2])], countsOf(4));
    expect([numbersOf(dealt, 'a'), numbersOf(dealt, 'b')]).toEqual([[], [2, 3]]);
  });

  it('believes the later generation if two members hold a partition', () => {
    const dealt = dealPartitions([aMember('a', [0]), aMember('b', [0], { generationId: 2 })], countsOf(1));
    expect([numbersOf(dealt, 'a'), numbersOf(dealt, 'b')]).toEqual([[], [0]]);
  });

  it('gives a topic to nobody but its readers', () => {
    const dealt = dealPartitions([aMember('a'), aMember('b', [], { topics: ['bulk'] })], countsOf(2));
    expect([numbersOf(dealt, 'a'), numbersOf(dealt, 'b')]).toEqual([[0, 1], []]);
  });

  it('never has two owners of a partition, and ends with equal shares', () => {
    const holding = fc.record({ held: fc.uniqueArray(fc.nat(11)), isLeaving: fc.boolean(), generationId: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(holding, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 12 }), (holdings, partitions) => {
        let members: DealtMember[] = holdings.map(({ held, ...more }, index) => aMember(`m${index}`, held, more));
        members = [...members, aMember('new')];
        for (let generationId = 4; generationId < 8; generationId += 1) {
          const dealt = dealPartitions(members, countsOf(partitions));
          const all = [...dealt.values()].flat().map(({ topic, partition }) => `${topic} ${partition}`);
          expect(new Set(all).size).toBe(all.length);
          members = members.map((one) => ({ ...one, generationId, held: dealt.get(one.memberId) ?? [] }));
        }
        const takers = members.filter(({ isLeaving }) => !isLeaving).map(({ held }) => held.length / topics.length);
        expect(takers.reduce((sum, one) => sum + one, 0)).toBe(partitions);
        expect(Math.max(...takers) - Math.min(...takers)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves as few partitions as equal shares allow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }), (partitions, before) => {
        const old = Array.from({ length: before }, (_, index) => aMember(`m${index}`));
        const dealt = dealPartitions(old, countsOf(partitions));
        const holding = old.map((one) => ({ ...one, held: dealt.get(one.memberId) ?? [] }));
        const next = dealPartitions([...holding, aMember('new')], countsOf(partitions));
        const kept = holding.flatMap(({ memberId }) => next.get(memberId) ?? []).length / topics.length;
        expect(kept).toBe(partitions - Math.floor(partitions / (before + 1)));
      }),
    );
  });
});

describe('data of a member', () => {
  it('is read as it was written', () => {
    const data = { generationId: 7, held: [{ topic: 't', partition: 3 }], isLeaving: true, url: 'http://10.0.0.1:8700' };
    expect(decodeMemberData(encodeMemberData(data))).toEqual(data);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('x')],
    ['another shape', Buffer.from('{"generationId":"1","held":[]}')],
  ])('of another version holds nothing: %s', (_what, bytes) => {
    expect(decodeMemberData(bytes)).toEqual({ generationId: -1, held: [], isLeaving: false });
  });

  it.each(['file:///etc/passwd', 'http://u:p@host', 'http://host/path', 'x'.repeat(400)])('has no such URL: %s', (url) => {
    expect(decodeMemberData(encodeMemberData({ generationId: 1, held: [], isLeaving: false, url })).url).toBeUndefined();
  });
});
