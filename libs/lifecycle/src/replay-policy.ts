/**
 * Replays recorded invocations under a policy. They arrive when they arrived, and their attempts
 * begin as late, take as long and end as they did. The rules are those of the services.
 *
 * The policy may ask for attempts that were never made. No record tells how they would have ended:
 * dice decide. Their share is that of the recorded retries, or of all attempts without a retry.
 */
import { type Condition, epochMs, type Invocation } from '#contracts';
import { admit } from './admit.ts';
import { type AttemptOutcome, decide } from './decide.ts';
import type { RecordedAttempt, RecordedInvocation, RecordedOutcome } from './recorded-invocation.ts';
import { arrivalOf, noPayload, type SimulatedPolicy } from './simulate-policy.ts';
import {
  attemptsPerSlice,
  type ConditionCounts,
  countedIn,
  EndCounts,
  loadIntervalMs,
  scheduleOf,
  type SimulatedAttempt,
  type SimulatedPolicyResult,
  simulationBounds,
} from './simulation-result.ts';

/** How attempts end that the records do not tell of. Shares are in [0, 1]. */
export interface UnrecordedAttempts {
  readonly of: 'retries' | 'attempts';
  readonly failureShare: number;
  readonly unavailableShare: number;
  readonly durationMs: number;
}

/** An invocation to replay, and when it arrives. */
export interface Replayed {
  readonly at: number;
  readonly recorded: RecordedInvocation;
}

/** The result of a replay. */
export interface ReplayedPolicyResult extends SimulatedPolicyResult {
  /** Attempts of the result that the records do not tell of. */
  readonly unrecorded: number;
  /** By which these ended. */
  readonly model: UnrecordedAttempts;
  /** The ends and attempts that happened; `load` counts attempts in the same intervals. */
  readonly happened: { readonly conditions: ConditionCounts; readonly attempts: number; readonly load: readonly number[] };
}

/** Estimates how attempts end that the records do not tell of. */
export function unrecordedAttemptsOf(all: readonly RecordedInvocation[]): UnrecordedAttempts {
  const attempts = all.flatMap(({ attempts: own }) => own);
  const retries = all.flatMap(({ attempts: own }) => own.slice(1));
  const basis = retries.length > 0 ? retries : attempts;
  const share = (kind: RecordedOutcome['kind']) =>
    basis.length === 0 ? 0 : basis.filter(({ outcome }) => outcome.kind === kind).length / basis.length;
  const totalMs = attempts.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return {
    of: retries.length > 0 ? 'retries' : 'attempts',
    failureShare: share('failed'),
    unavailableShare: share('unavailable'),
    durationMs: attempts.length === 0 ? 0 : Math.round(totalMs / attempts.length),
  };
}

/**
 * Replays invocations. Yields after each 1,000 attempts, so that a process can answer others.
 * @param all in the order of their arrival; at least one.
 * @param random in [0, 1); the same sequence gives the same result.
 */
export function* replayPolicy(
  policy: SimulatedPolicy,
  all: readonly Replayed[],
  random: () => number,
): Generator<undefined, ReplayedPolicyResult> {
  const model = unrecordedAttemptsOf(all.map(({ recorded }) => recorded));
  const beginsAt = all[0]?.at ?? 0;
  const arrivals = all.map(({ at }) => at - beginsAt);
  const ends = new EndCounts();
  const made: SimulatedAttempt[] = [];
  let [endMs, unrecorded] = [0, 0];
  for (const [number, { recorded }] of all.entries()) {
    const arrival = arrivals[number] ?? 0;
    const arrived = arrivalOf(number, arrival + recorded.delayMs, policy);
    for (let invocation: Invocation | undefined = { ...arrived, acceptedAt: epochMs(arrival) }; invocation !== undefined; ) {
      const step: Step = stepOf(invocation, recorded, model, random);
      if (step.attempt !== undefined) {
        made.push({ invocation: number, attempt: invocation.attempt, startMs: step.attempt.startMs, outcome: step.attempt.kind });
        endMs = Math.max(endMs, step.attempt.endMs);
        if (step.attempt.isUnrecorded) unrecorded += 1;
        if (made.length % attemptsPerSlice === 0) yield;
      }
      if (step.condition !== undefined) ends.add(step.condition);
      invocation = made.length < simulationBounds.attemptsMax ? step.next : undefined;
    }
    if (made.length >= simulationBounds.attemptsMax) break;
  }
  const isComplete = made.length < simulationBounds.attemptsMax;
  const past = happened(all, beginsAt);
  const lastMs = Math.max(arrivals.at(-1) ?? 0, endMs, ...past.starts.slice(-1));
  const intervalMs = loadIntervalMs(lastMs);
  const counted = (times: readonly number[]) => countedIn(times, intervalMs, lastMs);
  const attempts = counted(made.map(({ startMs }) => startMs));
  return {
    conditions: ends.conditions,
    attempts: made.length,
    schedule: scheduleOf(arrivals, made),
    load: { intervalMs, arrivals: counted(arrivals), attempts },
    endMs,
    isComplete,
    unrecorded,
    model,
    happened: { conditions: past.conditions, attempts: past.starts.length, load: counted(past.starts) },
  };
}

/** One step of a replayed invocation: an attempt, or the end of its wait. */
interface Step {
  readonly attempt?: {
    readonly kind: AttemptOutcome['kind'];
    readonly startMs: number;
    readonly endMs: number;
    readonly isUnrecorded: boolean;
  };
  /** Present if the invocation ends with it. */
  readonly condition?: Condition;
  readonly next?: Invocation;
}

function stepOf(invocation: Invocation, recorded: RecordedInvocation, model: UnrecordedAttempts, random: () => number): Step {
  const own = recorded.attempts[invocation.attempt - 1];
  const isNext = invocation.attempt === recorded.attempts.length + 1;
  if (isNext && recorded.isEndedWaiting) return { condition: recorded.condition };
  const startMs = invocation.dueAt + (own?.lateMs ?? (isNext ? recorded.waitedMs : undefined) ?? 0);
  const admission = admit(invocation, epochMs(startMs), false);
  if (admission.kind === 'settle') return { condition: admission.condition };
  const outcome = own === undefined ? drawn(model, random()) : own.outcome;
  const endMs = startMs + (own ?? model).durationMs;
  const attempt = { startMs, endMs, isUnrecorded: own === undefined };
  if (outcome.kind === 'ended') return { attempt: { ...attempt, kind: 'impossible' }, condition: outcome.condition };
  const circumstances = { outcome: attemptOutcome(outcome, own), now: epochMs(endMs), jitter: own?.jitter ?? random() };
  const decision = decide(invocation, circumstances);
  const made = { attempt: { ...attempt, kind: outcome.kind } };
  if (decision.kind === 'settle') return { ...made, condition: decision.condition };
  const { attempt: next, retriesUsed, dueAt } = decision;
  return { ...made, next: { ...invocation, attempt: next, retriesUsed, dueAt } };
}

function drawn(
  { failureShare, unavailableShare }: UnrecordedAttempts,
  dice: number,
): Exclude<RecordedOutcome, { kind: 'ended' }> {
  if (dice < unavailableShare) return { kind: 'unavailable' };
  if (dice >= unavailableShare + failureShare) return { kind: 'succeeded' };
  return { kind: 'failed', condition: 'UnhandledInvocationError', isRetryable: true };
}

function attemptOutcome(outcome: Exclude<RecordedOutcome, { kind: 'ended' }>, own: RecordedAttempt | undefined): AttemptOutcome {
  const asked = own?.askedMs === undefined ? {} : { retryAfterMs: own.askedMs };
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: 'succeeded', responsePayload: noPayload };
    case 'unavailable':
      return { kind: 'unavailable', reason: 'recorded', ...asked };
    case 'failed': {
      const { condition, isRetryable } = outcome;
      return { kind: 'failed', condition, errorMessage: '', responsePayload: noPayload, isRetryable, ...asked };
    }
    default:
      return outcome satisfies never;
  }
}

/** The ends that happened, and the starts of attempts in their order, since the first arrival. */
function happened(all: readonly Replayed[], beginsAt: number) {
  const ends = new EndCounts();
  const starts: number[] = [];
  for (const { at, recorded } of all) {
    ends.add(recorded.condition);
    for (const startedAt of recorded.startedAt) starts.push(Math.max(0, startedAt - recorded.acceptedAt + at - beginsAt));
  }
  return { conditions: ends.conditions, starts: starts.sort((one, other) => one - other) };
}
