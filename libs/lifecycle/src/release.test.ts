import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DelayTopic, dwells, epochMs } from '#contracts';
import { builtAt } from '#testing';
import { delayTopicFor, leavesAt } from './delay-topic.ts';
import { release, type Waiting } from './release.ts';

const at = (ms: number) => epochMs(builtAt + ms);
const waiting = (given: Partial<Waiting> = {}): Waiting => ({
  requestId: 'r1',
  dueAt: at(1_000),
  leavesAt: at(1_000),
  releaseTo: 'invocations',
  expiresAt: at(5_000),
  ...given,
});
const dwelling = { dueAt: at(200_000), leavesAt: at(120_000), expiresAt: at(900_000) };

describe('release', () => {
  it.each<[when: string, Partial<Waiting>, number, boolean, ReturnType<typeof release>]>([
    ['1 ms before it is due it waits', {}, 999, false, { kind: 'wait', until: at(1_000) }],
    ['when it is due it goes', {}, 1_000, false, { kind: 'release', to: 'invocations' }],
    [
      'a notification goes where it belongs',
      { releaseTo: 'notifications' },
      1_000,
      false,
      { kind: 'release', to: 'notifications' },
    ],
    ['1 ms before its dwell is over it waits', dwelling, 119_999, false, { kind: 'wait', until: at(120_000) }],
    ['when its dwell is over it moves on', dwelling, 120_000, false, { kind: 'requeue', topic: 'delays.30s' }],
    ['1 ms before its validity period ends it goes', {}, 4_999, false, { kind: 'release', to: 'invocations' }],
    ['when its validity period ends it settles', {}, 5_000, false, { kind: 'settle', condition: 'EventAgeExceeded' }],
    ['even while it waits', { expiresAt: at(500) }, 500, false, { kind: 'settle', condition: 'EventAgeExceeded' }],
    ['cancelled it settles at once', {}, 0, true, { kind: 'settle', condition: 'InvocationCanceled' }],
    [
      'a notification outlives a cancelled invocation',
      { releaseTo: 'notifications' },
      1_000,
      true,
      { kind: 'release', to: 'notifications' },
    ],
    [
      'and an expired one',
      { releaseTo: 'notifications', expiresAt: at(10) },
      1_000,
      false,
      { kind: 'release', to: 'notifications' },
    ],
  ])('%s', (_when, given, ms, isCancelled, decision) => {
    expect(release(waiting(given), at(ms), isCancelled)).toStrictEqual(decision);
  });

  it('without a validity period only the due time counts', () => {
    const { expiresAt: _none, ...rest } = waiting();
    expect(release(rest, at(1_000), false)).toStrictEqual({ kind: 'release', to: 'invocations' });
  });
});

describe('delayTopicFor', () => {
  it.each<[remainingMs: number, DelayTopic]>([
    [0, 'delays.near'],
    [-1, 'delays.near'],
    [30_000, 'delays.near'],
    [30_001, 'delays.30s'],
    [119_999, 'delays.30s'],
    [120_000, 'delays.2m'],
    [480_000, 'delays.8m'],
    [1_920_000, 'delays.32m'],
    [7_200_000, 'delays.2h'],
    [28_799_999, 'delays.2h'],
    [28_800_000, 'delays.8h'],
    [86_400_000, 'delays.8h'],
  ])('%i ms before it is due a record waits in %s', (remainingMs, topic) => {
    expect(delayTopicFor(at(remainingMs), builtAt)).toBe(topic);
  });

  it('never chooses a dwell that ends after the record is due', () => {
    fc.assert(
      fc.property(fc.integer({ min: 30_001, max: 90_000_000 }), (remainingMs) => {
        const topic = delayTopicFor(at(remainingMs), builtAt);
        const dwell = dwells.find(({ name }) => topic === `delays.${name}`);
        return dwell !== undefined && dwell.dwellMs <= remainingMs;
      }),
    );
  });
});

describe('leavesAt', () => {
  it.each<[DelayTopic, dueInMs: number, leavesInMs: number]>([
    ['delays.near', 5_000, 5_000],
    ['delays.30s', 90_000, 30_000],
    ['delays.30s', 10_000, 10_000],
    ['delays.8h', 86_400_000, 28_800_000],
  ])('a record of %s due in %i ms leaves after %i ms', (topic, dueInMs, leavesInMs) => {
    expect(leavesAt(topic, builtAt, at(dueInMs))).toBe(at(leavesInMs));
  });
});
