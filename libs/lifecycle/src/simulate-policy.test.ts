/**
 * Goal: the simulator does what the services do. Method: each simulated invocation is followed
 * again, alone, with `admit` and `decide` and the outcomes that it had.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { anInvocation } from '#testing';
import { admit } from './admit.ts';
import { type AttemptOutcome, decide } from './decide.ts';
import { type FailureModel, seededRandom, type SimulatedPolicy, simulatePolicy } from './simulate-policy.ts';
import type { SimulatedAttempt, SimulatedPolicyResult } from './simulation-result.ts';

const policy: SimulatedPolicy = { retriesMax: 2, eventAgeMaxMs: 60_000, backoff: { baseMs: 1_000, maxMs: 4_000 } };
const model: FailureModel = {
  failureShare: 0,
  unavailableShare: 0,
  isRetryable: true,
  durationMs: 100,
  arrivalsPerSecond: 10,
  invocations: 5,
  outages: [],
};

function run(given: { policy?: Partial<SimulatedPolicy>; model?: Partial<FailureModel>; random?: () => number } = {}) {
  const made: SimulatedAttempt[] = [];
  const { random = seededRandom(1) } = given;
  const steps = simulatePolicy({ ...policy, ...given.policy }, { ...model, ...given.model }, random, (one) => made.push(one));
  let step = steps.next();
  let pauses = 0;
  for (; step.done !== true; step = steps.next()) pauses++;
  return { result: step.value satisfies SimulatedPolicyResult, made, pauses };
}

describe('the simulator of policies', () => {
  it('settles each invocation at its first attempt if nothing fails', () => {
    const { result } = run();
    expect(result).toMatchObject({ conditions: { '': 5 }, attempts: 5, isComplete: true, endMs: 500 });
    expect(result.schedule).toEqual([{ attempt: 1, started: 5, succeeded: 5, earliestMs: 0, meanMs: 0, latestMs: 0 }]);
    expect(result.load).toEqual({ intervalMs: 1_000, arrivals: [5], attempts: [5] });
  });

  it('uses up the retries of a function that always fails', () => {
    const { result } = run({ model: { failureShare: 1 }, random: () => 0 });
    expect([result.conditions, result.attempts]).toEqual([{ UnhandledInvocationError: 5 }, 15]);
    expect(result.schedule.map(({ earliestMs }) => earliestMs)).toEqual([0, 600, 1_700]);
    expect(run({ model: { failureShare: 1, isRetryable: false } }).result.attempts).toBe(5);
  });

  it('tries again after an outage, and gives up invocations whose validity ends within it', () => {
    const outage = (toMs: number) => run({ model: { outages: [{ fromMs: 0, toMs }] } }).result.conditions;
    expect(outage(20_000)).toEqual({ '': 5 });
    expect(outage(100_000)).toEqual({ SystemError: 5 });
  });

  it('is the same for the same seed, and pauses after each 1,000 attempts', () => {
    const given = { model: { failureShare: 0.5, invocations: 3_000 } };
    const [one, other] = [run(given), run(given)];
    expect(one).toEqual(other);
    expect(one.pauses).toBe(Math.floor(one.result.attempts / 1_000));
    expect(run({ ...given, random: seededRandom(2) }).result).not.toEqual(one.result);
  });

  it('stops at 100,000 attempts', () => {
    const long = { eventAgeMaxMs: 86_400_000, backoff: { baseMs: 50, maxMs: 1_000 } };
    const { result } = run({ policy: long, model: { invocations: 5_000, unavailableShare: 1 } });
    expect([result.attempts, result.isComplete]).toEqual([100_000, false]);
  });

  it('makes the attempts that the rules of the services make', () => {
    const shares = fc.double({ min: 0, max: 0.5, noNaN: true });
    const ms = (max: number) => fc.integer({ min: 50, max });
    const anyModel = fc.record({
      failureShare: shares,
      unavailableShare: shares,
      durationMs: ms(5_000),
      from: ms(9_000),
      long: ms(9_000),
    });
    const anyPolicy = fc.record({ retriesMax: fc.nat(3), eventAgeMaxMs: ms(60_000), baseMs: ms(3_000), maxMs: ms(9_000) });
    fc.assert(
      fc.property(anyModel, anyPolicy, fc.nat(), ({ from, long, ...shape }, { baseMs, maxMs, ...limits }, seed) => {
        const dice: number[] = [];
        const random = seededRandom(seed);
        const thrown = () => dice[dice.push(random()) - 1] ?? 0;
        const backoff = { baseMs, maxMs: Math.max(baseMs, maxMs) };
        const outages = [{ fromMs: from, toMs: from + long }];
        const { made, result } = run({
          policy: { ...limits, backoff },
          model: { ...shape, outages, invocations: 1 },
          random: thrown,
        });
        let invocation = anInvocation({
          acceptedAt: epochMs(0),
          dueAt: epochMs(0),
          expiresAt: epochMs(limits.eventAgeMaxMs),
          attempt: 1,
          policy: { retriesMax: limits.retriesMax, backoff, destinations: {} },
        });
        for (const [index, { startMs, outcome: kind, attempt }] of made.entries()) {
          expect([attempt, startMs]).toEqual([invocation.attempt, invocation.dueAt]);
          expect(admit(invocation, epochMs(startMs), false)).toEqual({ kind: 'run' });
          const outcome = { kind, condition: 'UnhandledInvocationError', isRetryable: true } as AttemptOutcome;
          const now = epochMs(startMs + (kind === 'unavailable' ? 0 : shape.durationMs));
          const decision = decide(invocation, { outcome, now, jitter: dice[2 * index + 1] ?? 0 });
          if (decision.kind === 'retry') invocation = { ...invocation, ...decision };
          else expect([index, result.conditions]).toEqual([made.length - 1, { [decision.condition]: 1 }]);
        }
      }),
    );
  });
});
