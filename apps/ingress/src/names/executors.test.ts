import { describe, expect, it } from 'vitest';
import type { GroupMembers } from '#kafka';
import { builtUrn, ManualClock } from '#testing';
import { fixedExecutors, GroupExecutors } from './executors.ts';

/** Three executors with two partitions of the express lane each, and one without an address. */
const group: GroupMembers = {
  counts: new Map([['express', 6]]),
  members: [
    ...[0, 1, 2].map((index) => ({
      url: `http://e${index}`,
      assigned: [index, index + 3].flatMap((partition) => ['express', 'bulk'].map((topic) => ({ topic, partition }))),
    })),
    { assigned: [] },
  ],
};

async function found(told: GroupMembers | Error = group) {
  let answer: GroupMembers | undefined | Error = told;
  let dice = 0;
  const clock = new ManualClock();
  const warnings: string[] = [];
  const executors = new GroupExecutors({
    ask: async () => {
      if (answer instanceof Error) throw answer;
      return answer;
    },
    topic: 'express',
    clock,
    random: () => dice,
    warn: (message) => warnings.push(message),
  });
  await executors.start();
  const firstOf = (instancesMax: number, at: number) => {
    dice = at;
    return executors.forFunction(builtUrn, instancesMax)[0];
  };
  return { executors, clock, warnings, firstOf, tell: (next: typeof answer) => (answer = next) };
}

describe('GroupExecutors', () => {
  it('are those that told their group an address', async () => {
    const { executors } = await found();
    expect(executors.all()).toEqual(['http://e0', 'http://e1', 'http://e2']);
  });

  it('ask first the one executor that may run a function with one instance', async () => {
    const { executors, firstOf } = await found();
    const first = firstOf(1, 0);
    expect([firstOf(1, 0.5), firstOf(1, 0.999)]).toEqual([first, first]);
    expect(new Set(executors.forFunction(builtUrn, 1))).toEqual(new Set(executors.all()));
  });

  it('ask each as often as its share says', async () => {
    const { firstOf } = await found();
    const firsts = Array.from({ length: 60 }, (_, index) => firstOf(6, index / 60));
    expect(['http://e0', 'http://e1', 'http://e2'].map((url) => firsts.filter((one) => one === url).length)).toEqual([
      20, 20, 20,
    ]);
  });

  it('take turns for a function without a limit', async () => {
    const { executors } = await found();
    const firsts = [1, 2, 3, 4].map(() => executors.forFunction(builtUrn, -1)[0]);
    expect(firsts).toEqual(['http://e0', 'http://e1', 'http://e2', 'http://e0']);
  });

  it('are looked for every second, and stay known while the group rebalances or does not answer', async () => {
    const { executors, clock, tell, warnings } = await found();
    for (const told of [undefined, new Error('away')]) {
      tell(told);
      await clock.advance(1_000);
      expect(executors.all()).toHaveLength(3);
    }
    expect(warnings).toHaveLength(1);
    tell({ ...group, members: group.members.slice(0, 1) });
    await clock.advance(1_000);
    expect(executors.all()).toEqual(['http://e0']);
  });

  it('are none, of none', async () => {
    const { executors } = await found({ counts: new Map(), members: [] });
    expect([executors.all(), executors.forFunction(builtUrn, 3), executors.forFunction(builtUrn, -1)]).toEqual([[], [], []]);
  });
});

describe('fixed executors', () => {
  it('take turns', () => {
    const executors = fixedExecutors(['a', 'b']);
    expect([1, 2, 3].map(() => executors.forFunction(builtUrn, 1))).toEqual([
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b'],
    ]);
  });
});
