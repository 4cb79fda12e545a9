import { describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { Membership } from './membership.ts';

/** A member with a session timeout of 10 s, and clocks that the test sets. */
function aMember() {
  const clocks = { monotonic: 0, wall: 1_000_000 };
  const member = new Membership(10_000, { elapsedMs: () => clocks.monotonic, now: () => epochMs(clocks.wall) });
  member.joined();
  member.confirmed(0);
  member.checked();
  const allowed = () => [member.mayBegin, member.mayWrite];
  return { member, clocks, allowed };
}

describe('Membership', () => {
  it.each<[what: string, monotonicMs: number, wallMs: number, mayAct: boolean]>([
    ['1 ms before the session timeout', 9_999, 9_999, true],
    ['at the session timeout', 10_000, 10_000, false],
    ['after the process was stopped', 60_000, 60_000, false],
    ['after the machine slept, which the monotonic clock does not count', 5, 60_000, false],
    ['after somebody set the clock back', 10_000, -3_600_000, false],
  ])('lasts for the session timeout after the last heartbeat: %s', (_what, monotonicMs, wallMs, mayAct) => {
    const { clocks, allowed } = aMember();
    clocks.monotonic += monotonicMs;
    clocks.wall += wallMs;
    expect(allowed()).toEqual([mayAct, mayAct]);
  });

  it('counts from the sending of a heartbeat, not from an answer that lay unread', () => {
    const { member, clocks, allowed } = aMember();
    clocks.monotonic = 60_000;
    clocks.wall += 60_000;
    member.confirmed(59_000);
    expect(allowed()).toEqual([false, false]);
    member.confirmed(20);
    expect(allowed()).toEqual([true, true]);
  });

  it('takes a negative duration, which a clock set back causes, for zero', () => {
    const { member, clocks, allowed } = aMember();
    member.confirmed(-60_000);
    clocks.monotonic += 10_000;
    expect(allowed()).toEqual([false, false]);
  });

  it('lets work in hand be written during a rebalance, and nothing begin', () => {
    const { member, allowed } = aMember();
    member.rebalancing();
    expect(allowed()).toEqual([false, true]);
  });

  it('allows nothing between a join and the comparison with the commits', () => {
    const { member, allowed } = aMember();
    member.rebalancing();
    member.joined();
    member.confirmed(0);
    expect(allowed()).toEqual([false, false]);
    member.checked();
    expect(allowed()).toEqual([true, true]);
  });

  it('allows nothing after it left', () => {
    const { member, allowed } = aMember();
    member.left();
    expect([...allowed(), member.isCurrent]).toEqual([false, false, false]);
  });

  it('allows nothing before the first join', () => {
    const member = new Membership(10_000);
    expect([member.mayBegin, member.mayWrite]).toEqual([false, false]);
  });
});
