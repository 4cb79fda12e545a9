import { describe, expect, it } from 'vitest';
import { epochMs, type EpochMs, type TargetHealth } from '#contracts';
import type { DeliveryResult } from './after-delivery.ts';
import { circuitStateOf, healthAfter, switchedOffReason, switchOffAfter } from './target-health.ts';

const at = (ms: number): EpochMs => epochMs(1_800_000_000_000 + ms);
const deferred: DeliveryResult = { kind: 'deferred', reason: 'the receiver answered 500' };
const gone: DeliveryResult = { kind: 'refused', reason: 'the receiver answered 410', isGone: true };
const refused: DeliveryResult = { kind: 'refused', reason: 'the message is too large' };
const postponed: DeliveryResult = { kind: 'postponed', waitMs: 1, reason: 'busy' };
const error = (ms: number) => ({ reason: 'the receiver answered 500', at: at(ms) });
const failing: TargetHealth = { failures: 4, failingSince: at(0), error: error(5) };

describe('the health of a target', () => {
  it.each<
    [what: string, before: TargetHealth | undefined, result: DeliveryResult, openForMs: number | undefined, after: unknown]
  >([
    ['a success ends all failures', { ...failing, openUntil: at(9) }, { kind: 'delivered' }, undefined, undefined],
    ['a first failure begins a row', undefined, deferred, undefined, { failures: 1, failingSince: at(10), error: error(10) }],
    ['a further failure keeps the begin', failing, deferred, undefined, { failures: 5, failingSince: at(0), error: error(10) }],
    [
      'a failure that opens the breaker says until when',
      failing,
      deferred,
      7,
      { failures: 5, failingSince: at(0), error: error(10), openUntil: at(17) },
    ],
    ['a refusal of the notice counts for nothing', undefined, refused, undefined, undefined],
    ['a refusal closes the breaker', { ...failing, openUntil: at(9) }, refused, undefined, failing],
    ['a postponed try counts for nothing', failing, postponed, 3, failing],
    [
      'an answer 410 is a failure',
      undefined,
      gone,
      undefined,
      { failures: 1, failingSince: at(10), goneSince: at(10), error: { reason: 'the receiver answered 410', at: at(10) } },
    ],
    [
      'a further 410 keeps its begin',
      { ...failing, goneSince: at(3) },
      gone,
      undefined,
      expect.objectContaining({ goneSince: at(3) }),
    ],
    [
      'another failure ends the row of 410',
      { ...failing, goneSince: at(3) },
      deferred,
      undefined,
      { ...failing, failures: 5, error: error(10) },
    ],
  ])('%s', (_what, before, result, openForMs, after) => {
    const given = openForMs === undefined ? {} : { openForMs };
    expect(healthAfter(before, { result, now: at(10), ...given })).toEqual(after);
  });

  it('is the same object where nothing changed, so that nothing is reported', () => {
    expect(healthAfter(failing, { result: refused, now: at(10) })).toBe(failing);
    expect(healthAfter(failing, { result: postponed, now: at(10) })).toBe(failing);
  });

  it('keeps 300 characters of an error', () => {
    const long: DeliveryResult = { kind: 'deferred', reason: 'x'.repeat(301) };
    expect(healthAfter(undefined, { result: long, now: at(0) })?.error.reason).toHaveLength(300);
  });
});

describe('the switch-off of a target', () => {
  const limits = { failuresMin: 4, failingMaxMs: 100, goneMaxMs: 20 };
  it.each<[what: string, health: TargetHealth, now: number, more: object, isOff: boolean]>([
    ['is due when no try succeeded for the whole time', failing, 100, {}, true],
    ['is not due 1 ms before', failing, 99, {}, false],
    ['is not due after fewer failures than open the breaker', { ...failing, failures: 3 }, 1_000, {}, false],
    ['comes sooner if all answers are 410', { ...failing, goneSince: at(50) }, 70, {}, true],
    ['but not 1 ms before its own time', { ...failing, goneSince: at(50) }, 69, {}, false],
    ['never comes with a limit of 0', failing, 1_000_000, { failingMaxMs: 0 }, false],
    ['never comes for 410 with a limit of 0', { ...failing, goneSince: at(0) }, 99, { goneMaxMs: 0 }, false],
  ])('%s', (_what, health, now, more, isOff) => {
    expect(switchOffAfter(health, at(now), { ...limits, ...more }) !== undefined).toBe(isOff);
  });

  it('tells since when the target fails, and why', () => {
    const off = switchOffAfter(failing, at(100), limits);
    expect(off).toEqual({
      at: at(100),
      failingSince: at(0),
      reason: 'no try has succeeded since 2027-01-15T08:00:00.000Z; the last error: the receiver answered 500',
    });
    expect(off === undefined ? '' : switchedOffReason(off)).toMatch(
      /^no try was made: the target is switched off, because no try/,
    );
    expect(switchOffAfter({ ...failing, goneSince: at(80) }, at(100), limits)?.reason).toBe(
      'the target has answered nothing but 410 (Gone) since 2027-01-15T08:00:00.080Z',
    );
  });
});

it.each([
  [undefined, 10, 'closed'],
  [failing, 10, 'closed'],
  [{ ...failing, openUntil: at(11) }, 10, 'open'],
  [{ ...failing, openUntil: at(10) }, 10, 'half-open'],
])('the circuit breaker of %j is %s', (health, now, state) => {
  expect(circuitStateOf(health, at(now))).toBe(state);
});
