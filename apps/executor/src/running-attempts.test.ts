import { describe, expect, it } from 'vitest';
import { bareUrnOf, type Cancellation, encodeCancellation, encodePurge, epochMs, type OutgoingRecord } from '#contracts';
import { Cancellations } from '#platform';
import { anInvocation, builtAt } from '#testing';
import { RunningAttempts } from './running-attempts.ts';

const aUrn = (name: string) => `urn:fss:local:p1:function:default:${name}:latest`;

function setUp() {
  const cancellations = new Cancellations();
  const running = new RunningAttempts(cancellations);
  const add = ({ key, headers }: OutgoingRecord) => cancellations.add({ key: key as string, headers: headers ?? {} });
  const begin = (name: string) => running.begin(anInvocation({ requestId: 'r1', functionUrn: aUrn(name) }));
  const cancel = (cancellation: Cancellation) => add(encodeCancellation('t', cancellation));
  return { running, add, begin, cancel };
}

describe('RunningAttempts', () => {
  it('aborts all attempts of a cancelled invocation, and not those of another function with its id', () => {
    const { begin, cancel } = setUp();
    const [first, other, second] = [begin('one'), begin('other'), begin('one')];
    cancel({ requestId: 'r1', functionUrn: aUrn('one') });
    expect([first, other, second].map(({ signal }) => signal.aborted)).toEqual([true, false, true]);
  });

  it.each([
    ['first', [0, 1, 2]],
    ['last', [2, 1, 0]],
    ['in the middle', [1, 0, 2]],
  ])('knows those that are left when the one that began %s ends first', (_which, order) => {
    const { running, begin } = setUp();
    const names = ['a', 'b', 'c'];
    const attempts = names.map(begin);
    const left = () => names.filter((name) => running.has({ requestId: 'r1', functionUrn: aUrn(name) }));
    for (const [ended, index] of order.entries()) {
      attempts[index]?.[Symbol.dispose]();
      expect(left()).toEqual(names.filter((_, other) => !order.slice(0, ended + 1).includes(other)));
    }
  });

  it('begins an attempt of a cancelled invocation as aborted', () => {
    const { begin, cancel } = setUp();
    cancel({ requestId: 'r1', functionUrn: aUrn('one') });
    expect(begin('one').signal.aborted).toBe(true);
    expect(begin('other').signal.aborted).toBe(false);
  });

  it.each([
    [true, true],
    [false, false],
  ])('aborts an attempt that runs when a purge includes those: %s', (includesRunning, isAborted) => {
    const { add, begin } = setUp();
    const [waits, runs, other] = [begin('one'), begin('one'), begin('other')];
    runs.starts();
    add(encodePurge('t', { bareUrn: bareUrnOf(aUrn('one')), acceptedUntil: epochMs(builtAt + 1), includesRunning }));
    expect([waits, runs, other].map(({ signal }) => signal.aborted)).toEqual([true, isAborted, false]);
  });
});
