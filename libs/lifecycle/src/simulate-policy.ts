/**
 * Simulates what a policy would do: the rules of this library, a clock that jumps from event to
 * event, and dice with a seed. The rules are the ones that services use, so both cannot disagree.
 */
import { type Backoff, epochMs, type Invocation } from '#contracts';
import { admit } from './admit.ts';
import { type AttemptOutcome, decide } from './decide.ts';
import {
  attemptsPerSlice,
  countedIn,
  EndCounts,
  loadIntervalMs,
  scheduleOf,
  type SimulatedAttempt,
  type SimulatedLoad,
  type SimulatedPolicyResult,
  simulationBounds,
} from './simulation-result.ts';

/** The policy to try out. */
export interface SimulatedPolicy {
  readonly retriesMax: number;
  readonly eventAgeMaxMs: number;
  readonly backoff: Backoff;
}

/** How invocations arrive and attempts end. Shares are in [0, 1]. */
export interface FailureModel {
  /** Share of attempts that fail by the fault of the function. */
  readonly failureShare: number;
  /** Share of attempts that the platform could not make. */
  readonly unavailableShare: number;
  /** False if the function says "never again" with each failure. */
  readonly isRetryable: boolean;
  /** Length of an attempt. */
  readonly durationMs: number;
  /** Invocations accepted in a second, at even distances. */
  readonly arrivalsPerSecond: number;
  readonly invocations: number;
  /** Times since the first arrival in which no attempt can be made, without `toMs`. */
  readonly outages: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** The payload of simulated invocations. */
export const noPayload = Buffer.alloc(0);

/** An attempt that is due. */
interface DueAttempt {
  readonly at: number;
  readonly number: number;
  readonly invocation: Invocation;
}

/**
 * Simulates a policy. Yields after each 1,000 attempts, so that a process can answer others.
 * @param random in [0, 1); the same sequence gives the same result.
 * @param onAttempt sees each attempt.
 */
export function* simulatePolicy(
  policy: SimulatedPolicy,
  model: FailureModel,
  random: () => number,
  onAttempt: (attempt: SimulatedAttempt) => void = () => undefined,
): Generator<undefined, SimulatedPolicyResult> {
  const queue = new DueQueue();
  const arrivals: number[] = [];
  for (let number = 0; number < Math.min(model.invocations, simulationBounds.invocationsMax); number++) {
    const at = Math.round((number * 1_000) / model.arrivalsPerSecond);
    arrivals.push(at);
    queue.add({ at, number, invocation: arrivalOf(number, at, policy) });
  }
  const ends = new EndCounts();
  const made: SimulatedAttempt[] = [];
  let endMs = 0;
  for (let due = queue.take(); due !== undefined && made.length < simulationBounds.attemptsMax; due = queue.take()) {
    const { at, number, invocation } = due;
    const admission = admit(invocation, epochMs(at), false);
    if (admission.kind === 'settle') {
      ends.add(admission.condition);
      continue;
    }
    const outcome = outcomeAt(at, model, random);
    const attempt = { invocation: number, attempt: invocation.attempt, startMs: at, outcome: outcome.kind };
    made.push(attempt);
    onAttempt(attempt);
    const endedAt = epochMs(at + (outcome.kind === 'unavailable' ? 0 : model.durationMs));
    endMs = Math.max(endMs, endedAt);
    const decision = decide(invocation, { outcome, now: endedAt, jitter: random() });
    if (decision.kind === 'settle') ends.add(decision.condition);
    else {
      const { attempt: next, retriesUsed, dueAt } = decision;
      queue.add({ at: dueAt, number, invocation: { ...invocation, attempt: next, retriesUsed, dueAt } });
    }
    if (made.length % attemptsPerSlice === 0) yield;
  }
  const isComplete = made.length < simulationBounds.attemptsMax;
  const load = loadOf(arrivals, made, endMs);
  return { conditions: ends.conditions, attempts: made.length, schedule: scheduleOf(arrivals, made), load, endMs, isComplete };
}

/** The random numbers of a seed, in [0, 1): mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A simulated invocation as it arrives. */
export function arrivalOf(number: number, at: number, { retriesMax, eventAgeMaxMs, backoff }: SimulatedPolicy): Invocation {
  return {
    requestId: String(number),
    functionUrn: '',
    project: '',
    acceptedAt: epochMs(at),
    expiresAt: epochMs(at + eventAgeMaxMs),
    dueAt: epochMs(at),
    attempt: 1,
    retriesUsed: 0,
    policy: { retriesMax, backoff, destinations: {} },
    hops: 0,
    payload: noPayload,
  };
}

function outcomeAt(at: number, model: FailureModel, random: () => number): AttemptOutcome {
  const dice = random();
  if (model.outages.some(({ fromMs, toMs }) => at >= fromMs && at < toMs)) return { kind: 'unavailable', reason: 'outage' };
  if (dice < model.unavailableShare) return { kind: 'unavailable', reason: 'simulated' };
  if (dice >= model.unavailableShare + model.failureShare) return { kind: 'succeeded', responsePayload: noPayload };
  const { isRetryable } = model;
  return { kind: 'failed', condition: 'UnhandledInvocationError', errorMessage: '', responsePayload: noPayload, isRetryable };
}

function loadOf(arrivals: readonly number[], made: readonly SimulatedAttempt[], endMs: number): SimulatedLoad {
  const last = Math.max(arrivals.at(-1) ?? 0, endMs);
  const intervalMs = loadIntervalMs(last);
  const starts = made.map(({ startMs }) => startMs);
  return {
    intervalMs,
    arrivals: countedIn(arrivals, intervalMs, last),
    attempts: countedIn(starts, intervalMs, last),
  };
}

/** Due attempts, the earliest first: a binary heap. Those of one instant come in their order. */
class DueQueue {
  private readonly heap: (DueAttempt & { readonly order: number })[] = [];
  private order = 0;

  add(due: DueAttempt): void {
    this.heap.push({ ...due, order: this.order++ });
    let at = this.heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(at, parent)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  take(): DueAttempt | undefined {
    const [first] = this.heap;
    const last = this.heap.pop();
    if (first === undefined || last === undefined || this.heap.length === 0) return first;
    this.heap[0] = last;
    let at = 0;
    while (true) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < this.heap.length && this.isBefore(left, least)) least = left;
      if (right < this.heap.length && this.isBefore(right, least)) least = right;
      if (least === at) return first;
      this.swap(at, least);
      at = least;
    }
  }

  private isBefore(one: number, other: number): boolean {
    const [a, b] = [this.heap[one]!, this.heap[other]!];
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  private swap(one: number, other: number): void {
    [this.heap[one], this.heap[other]] = [this.heap[other]!, this.heap[one]!];
  }
}
