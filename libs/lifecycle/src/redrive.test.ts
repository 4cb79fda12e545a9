import { describe, expect, it } from 'vitest';
import { epochMs, type RedriveRun, type RedriveSpec } from '#contracts';
import {
  failedOf,
  firstRun,
  isActiveRedrive,
  leftOf,
  nextRedriveStep,
  passesCanary,
  redriveStateOf,
  resumedRun,
  withEnds,
} from './redrive.ts';

const at = epochMs(1_000);
const spec = (more: Partial<RedriveSpec> = {}): RedriveSpec => ({
  id: 'r',
  project: 'p1',
  createdAt: at,
  createdBy: 'token',
  selection: { kind: 'failed', statuses: ['FAIL'], beginAt: epochMs(0), endAt: at },
  ratePerSecond: 10,
  canary: 0,
  stopAtShare: 1,
  selectedMax: 100,
  ...more,
});
const run = (more: Partial<RedriveRun> = {}): RedriveRun => ({ ...firstRun('one', at), ...more });

describe('the next step of a redrive', () => {
  it('sends as many as its rate allows, and no more than it may look at', () => {
    expect(nextRedriveStep(spec(), run())).toEqual({ kind: 'send', count: 10 });
    expect(nextRedriveStep(spec(), run({ selected: 97 }))).toEqual({ kind: 'send', count: 3 });
  });

  it('waits for those that it has sent, and ends with the last one', () => {
    expect(nextRedriveStep(spec(), run({ isExhausted: true, sent: 3, succeeded: 1, failed: 1 }))).toEqual({ kind: 'wait' });
    expect(nextRedriveStep(spec(), run({ isExhausted: true, sent: 3, succeeded: 2, failed: 1 }))).toEqual({ kind: 'end' });
    expect(nextRedriveStep(spec(), run({ selected: 100, sent: 0 }))).toEqual({ kind: 'end' });
  });

  it('sends its canary first, and waits until all of it has ended', () => {
    const careful = spec({ canary: 3, stopAtShare: 0.4 });
    expect(nextRedriveStep(careful, run())).toEqual({ kind: 'send', count: 3 });
    expect(nextRedriveStep(careful, run({ sent: 2, succeeded: 2 }))).toEqual({ kind: 'send', count: 1 });
    const waiting = run({ sent: 3, succeeded: 1, failed: 1 });
    expect([nextRedriveStep(careful, waiting), passesCanary(careful, waiting)]).toEqual([{ kind: 'wait' }, false]);
    const passed = run({ sent: 3, succeeded: 2, failed: 1 });
    expect([nextRedriveStep(careful, passed), passesCanary(careful, passed)]).toEqual([{ kind: 'send', count: 10 }, true]);
    expect(nextRedriveStep(careful, run({ sent: 3, succeeded: 1, failed: 2 }))).toEqual({
      kind: 'stop',
      reason: '2 of 3 failed, more than the share of 0.4',
    });
  });

  it('stops at a share of failures, once ten have ended', () => {
    const careful = spec({ stopAtShare: 0.5 });
    expect(nextRedriveStep(careful, run({ sent: 20, failed: 9 }))).toEqual({ kind: 'send', count: 10 });
    expect(nextRedriveStep(careful, run({ sent: 20, succeeded: 4, failed: 6 })).kind).toBe('stop');
    expect(nextRedriveStep(careful, run({ sent: 20, succeeded: 5, failed: 5 })).kind).toBe('send');
    expect(nextRedriveStep(careful, run({ sent: 2, failed: 2, isExhausted: true })).kind).toBe('stop');
  });

  it('does not stop for failures of before it was resumed', () => {
    const stopped = run({ sent: 10, failed: 10, stop: { at, reason: '10 of 10' } });
    const resumed = resumedRun(stopped);
    expect(resumed.stop).toBeUndefined();
    expect(nextRedriveStep(spec({ stopAtShare: 0, canary: 10 }), resumed)).toEqual({ kind: 'send', count: 10 });
    expect(nextRedriveStep(spec({ stopAtShare: 0 }), { ...resumed, sent: 11, failed: 11 }).kind).toBe('stop');
  });

  it('waits a day for the next end, and counts the others as failed then', () => {
    const day = 86_400_000;
    const later = (ms: number) => epochMs(at + ms);
    const sent = run({ isExhausted: true, sent: 4, progressAt: at });
    const waiting = withEnds(sent, { succeeded: 1, failed: 0 }, later(9));
    expect([waiting.progressAt, waiting.missing]).toEqual([later(9), undefined]);
    const still = withEnds(waiting, { succeeded: 1, failed: 0 }, later(day + 9));
    expect([still.missing, nextRedriveStep(spec(), still)]).toEqual([undefined, { kind: 'wait' }]);
    const quiet = withEnds(still, { succeeded: 1, failed: 0 }, later(day + 10));
    expect([quiet.missing, failedOf(quiet), nextRedriveStep(spec(), quiet)]).toEqual([3, 3, { kind: 'end' }]);
    expect(nextRedriveStep(spec({ stopAtShare: 0.5 }), quiet).kind).toBe('stop');
    expect(resumedRun(quiet).before).toEqual({ succeeded: 1, failed: 3 });
    const found = withEnds(quiet, { succeeded: 3, failed: 0 }, later(day + 11));
    expect(found).toMatchObject({ succeeded: 3, missing: 1, progressAt: later(day + 11) });
    expect(withEnds(found, { succeeded: 4, failed: 0 }, later(day + 12)).missing).toBeUndefined();
  });

  it('waits a day from now for the ends of a run of an earlier release', () => {
    const next = withEnds(run({ sent: 1 }), { succeeded: 0, failed: 0 }, epochMs(at + 10 * 86_400_000));
    expect([next.progressAt, next.missing]).toEqual([at + 10 * 86_400_000, undefined]);
  });

  it('waits for notices as for invocations, and names in which way they failed', () => {
    const notices = spec({ selection: { ...spec().selection, kind: 'undelivered' }, canary: 2, stopAtShare: 0.4 });
    expect(nextRedriveStep(notices, run({ sent: 2, succeeded: 1 }))).toEqual({ kind: 'wait' });
    expect(nextRedriveStep(notices, run({ sent: 2, succeeded: 2 }))).toEqual({ kind: 'send', count: 10 });
    expect(nextRedriveStep(notices, run({ isExhausted: true, sent: 4 }))).toEqual({ kind: 'wait' });
    expect(nextRedriveStep(notices, run({ sent: 2, succeeded: 1, failed: 1 }))).toEqual({
      kind: 'stop',
      reason: '1 of 2 were not delivered, more than the share of 0.4',
    });
  });
});

describe('the rest of a redrive', () => {
  it.each([
    ['all at first', 7, { spec: spec({ expected: 7 }) }],
    ['less with each step', 3, { spec: spec({ expected: 7 }), run: run({ selected: 4 }) }],
    ['never below nothing', 0, { spec: spec({ expected: 7 }), run: run({ selected: 9 }) }],
    ['nothing at the end of the selection', 0, { spec: spec({ expected: 7 }), run: run({ selected: 4, isExhausted: true }) }],
    ['unknown if nobody counted', undefined, { spec: spec(), run: run({ selected: 4 }) }],
  ])('is %s', (_when, left, redrive) => {
    expect(leftOf(redrive)).toBe(left);
  });
});

describe('the state of a redrive', () => {
  const order = (act: 'cancel' | 'resume', atMs: number) => ({ act, at: epochMs(atMs), by: 'token' });
  const stop = { at: epochMs(5_000), reason: 'too many' };
  it.each([
    ['running', {}],
    ['running', { run: run() }],
    ['waiting', { run: run({ isExhausted: true, sent: 1 }) }],
    ['stopped', { run: run({ stop }) }],
    ['stopped', { run: run({ stop }), order: order('resume', 4_000) }],
    ['running', { run: run({ stop }), order: order('resume', 6_000) }],
    ['canceled', { run: run(), order: order('cancel', 1) }],
    ['running', { run: run(), order: order('resume', 1) }],
    ['ended', { run: run({ endedAt: at }), order: order('cancel', 1) }],
  ] as const)('is %s', (state, parts) => {
    const redrive = { spec: spec(), ...parts };
    expect([redriveStateOf(redrive), isActiveRedrive(redrive)]).toEqual([state, state === 'running' || state === 'waiting']);
  });
});
