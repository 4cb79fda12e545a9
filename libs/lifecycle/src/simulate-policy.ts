/**
 * Simulates what a policy would do: the rules of this library, a clock that jumps from event to
 * event, and dice with a seed. The rules are the ones that services use, so both cannot disagree.
 */
import { type Backoff, type Condition, type EpochMs, epochMs, type Invocation } from '#contracts';
import { admit } from './admit.ts';
import { type AttemptOutcome, decide } from './decide.ts';

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

/** Bounds of one simulation. */
export const simulationBounds = { invocationsMax: 5_000, attemptsMax: 100_000, outagesMax: 20, loadIntervals: 60 } as const;

/** One attempt of a simulation, in milliseconds since the first arrival. */
export interface SimulatedAttempt {
  /** The number of its invocation, from 0. */
  readonly invocation: number;
  /** From 1. */
  readonly attempt: number;
  readonly startMs: number;
  readonly outcome: AttemptOutcome['kind'];
}

/** All attempts of one number. Times are since the acceptance. */
export interface AttemptSchedule {
  readonly attempt: number;
  readonly started: number;
  readonly succeeded: number;
  readonly earliestMs: number;
  readonly meanMs: number;
  readonly latestMs: number;
}

/** The result of a simulation. */
export interface SimulatedPolicyResult {
  /** How many invocations ended so. Those that had not ended when it stopped are not among them. */
  readonly conditions: Readonly<Partial<Record<Condition, number>>>;
  readonly attempts: number;
  readonly schedule: readonly AttemptSchedule[];
  /** Arrivals and started attempts in intervals of the same length, from the first arrival. */
  readonly load: { readonly intervalMs: number; readonly arrivals: readonly number[]; readonly attempts: readonly number[] };
  /** When the last attempt ended. */
  readonly endMs: number;
  /** False if it stopped at `attemptsMax`. */
  readonly isComplete: boolean;
}

/** Attempts between two pauses in which the caller may do other work. */
const attemptsPerSlice = 1_000;

const noPayload = Buffer.alloc(0);

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
  const conditions: Partial<Record<Condition, number>> = {};
  const settle = (condition: Condition): void => void (conditions[condition] = (conditions[condition] ?? 0) + 1);
  const made: SimulatedAttempt[] = [];
  let endMs = 0;
  for (let due = queue.take(); due !== undefined && made.length < simulationBounds.attemptsMax; due = queue.take()) {
    const { at, number, invocation } = due;
    const admission = admit(invocation, epochMs(at), false);
    if (admission.kind === 'settle') {
      settle(admission.condition);
      continue;
    }
    const outcome = outcomeAt(at, model, random);
    const attempt = { invocation: number, attempt: invocation.attempt, startMs: at, outcome: outcome.kind };
    made.push(attempt);
    onAttempt(attempt);
    const endedAt = epochMs(at + (outcome.kind === 'unavailable' ? 0 : model.durationMs));
    endMs = Math.max(endMs, endedAt);
    const decision = decide(invocation, { outcome, now: endedAt, jitter: random() });
    if (decision.kind === 'settle') settle(decision.condition);
    else {
      const { attempt: next, retriesUsed, dueAt } = decision;
      queue.add({ at: dueAt, number, invocation: { ...invocation, attempt: next, retriesUsed, dueAt } });
    }
    if (made.length % attemptsPerSlice === 0) yield;
  }
  const isComplete = made.length < simulationBounds.attemptsMax;
  const load = loadOf(arrivals, made, endMs);
  return { conditions, attempts: made.length, schedule: scheduleOf(arrivals, made), load, endMs, isComplete };
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

function arrivalOf(number: number, at: number, { retriesMax, eventAgeMaxMs, backoff }: SimulatedPolicy): Invocation {
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

function scheduleOf(arrivals: readonly number[], made: readonly SimulatedAttempt[]): readonly AttemptSchedule[] {
  const byNumber = Map.groupBy(made, ({ attempt }) => attempt);
  return [...byNumber]
    .sort(([one], [other]) => one - other)
    .map(([attempt, all]) => {
      const ages = all.map(({ invocation, startMs }) => startMs - (arrivals[invocation] ?? 0));
      return {
        attempt,
        started: all.length,
        succeeded: all.filter(({ outcome }) => outcome === 'succeeded').length,
        earliestMs: ages.reduce((a, b) => Math.min(a, b)),
        meanMs: Math.round(ages.reduce((a, b) => a + b) / ages.length),
        latestMs: ages.reduce((a, b) => Math.max(a, b)),
      };
    });
}

function loadOf(arrivals: readonly number[], made: readonly SimulatedAttempt[], endMs: number): SimulatedPolicyResult['load'] {
  const last = Math.max(arrivals.at(-1) ?? 0, endMs);
  const intervalMs = Math.max(1_000, Math.ceil((last + 1) / simulationBounds.loadIntervals));
  const counted = (times: readonly number[]): readonly number[] => {
    const counts = Array<number>(Math.floor(last / intervalMs) + 1).fill(0);
    for (const time of times) counts[Math.floor(time / intervalMs)]! += 1;
    return counts;
  };
  return { intervalMs, arrivals: counted(arrivals), attempts: counted(made.map(({ startMs }) => startMs)) };
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

/** The parts of a record from which a model is estimated. */
export interface ObservedInvocation {
  readonly status: string;
  /** Number of its condition. */
  readonly errorCode: number;
  readonly acceptedAt: EpochMs;
  readonly startedAt?: EpochMs;
  readonly endedAt?: EpochMs;
  readonly attempts: number;
}

/** The numbers of the conditions that are not the function's fault. */
const platformErrors: readonly number[] = [4500, 4501];

/**
 * Estimates a model from records of ended invocations: each attempt but the last failed, and the
 * last one ended as the record says.
 * @returns undefined without an ended invocation that had an attempt.
 */
export function modelOfRecords(records: readonly ObservedInvocation[]): FailureModel | undefined {
  const ended = records.filter(({ endedAt, attempts }) => endedAt !== undefined && attempts > 0);
  if (ended.length === 0) return undefined;
  const sum = (of: (record: ObservedInvocation) => number): number => ended.reduce((total, record) => total + of(record), 0);
  const attempts = sum(({ attempts: count }) => count);
  const isPlatform = ({ errorCode }: ObservedInvocation): boolean => platformErrors.includes(errorCode);
  const failed = sum((record) => (isPlatform(record) ? 0 : record.attempts - (record.status === 'SUCCESS' ? 1 : 0)));
  const unavailable = sum((record) => (isPlatform(record) ? record.attempts : 0));
  const durationMs =
    sum(({ startedAt, endedAt = epochMs(0) }) => (startedAt === undefined ? 0 : endedAt - startedAt)) / ended.length;
  const times = ended.map(({ acceptedAt }) => acceptedAt as number);
  const spanMs = times.reduce((a, b) => Math.max(a, b)) - times.reduce((a, b) => Math.min(a, b));
  return {
    failureShare: failed / attempts,
    unavailableShare: unavailable / attempts,
    isRetryable: true,
    durationMs: Math.max(0, Math.round(durationMs)),
    arrivalsPerSecond: spanMs <= 0 ? 1 : Math.max(0.001, ((ended.length - 1) * 1_000) / spanMs),
    invocations: ended.length,
    outages: [],
  };
}
