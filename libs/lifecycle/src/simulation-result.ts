import type { Condition } from '#contracts';
import type { AttemptOutcome } from './decide.ts';

/** Bounds of one simulation. */
export const simulationBounds = { invocationsMax: 5_000, attemptsMax: 100_000, outagesMax: 20, loadIntervals: 60 } as const;

/** Attempts between two pauses in which the caller may do other work. */
export const attemptsPerSlice = 1_000;

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

/** Arrivals and started attempts in intervals of the same length, from the first arrival. */
export interface SimulatedLoad {
  readonly intervalMs: number;
  readonly arrivals: readonly number[];
  readonly attempts: readonly number[];
}

/** How many invocations ended with each condition. */
export type ConditionCounts = Readonly<Partial<Record<Condition, number>>>;

/** The result of a simulation. */
export interface SimulatedPolicyResult {
  /** Those that had not ended when it stopped are not among them. */
  readonly conditions: ConditionCounts;
  readonly attempts: number;
  readonly schedule: readonly AttemptSchedule[];
  readonly load: SimulatedLoad;
  /** When the last attempt ended. */
  readonly endMs: number;
  /** False if it stopped at `attemptsMax`. */
  readonly isComplete: boolean;
}

/** Counts how invocations end. */
export class EndCounts {
  readonly conditions: Partial<Record<Condition, number>> = {};

  add(condition: Condition): void {
    this.conditions[condition] = (this.conditions[condition] ?? 0) + 1;
  }
}

/** @param arrivals by the number of the invocation, in milliseconds. */
export function scheduleOf(arrivals: readonly number[], made: readonly SimulatedAttempt[]): readonly AttemptSchedule[] {
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

/** The length of the intervals of a load that ends at `lastMs`: a whole second at least. */
export function loadIntervalMs(lastMs: number): number {
  return Math.max(1_000, Math.ceil((lastMs + 1) / simulationBounds.loadIntervals));
}

/** Counts the times in each interval up to `lastMs`. */
export function countedIn(times: readonly number[], intervalMs: number, lastMs: number): readonly number[] {
  const counts = Array<number>(Math.floor(lastMs / intervalMs) + 1).fill(0);
  for (const time of times) counts[Math.floor(time / intervalMs)]! += 1;
  return counts;
}
