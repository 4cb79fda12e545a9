/** An attempt as a new owner of its record finds it. */
export interface FoundAttempt {
  /** Which start the record was written down for; absent for the first. */
  readonly chance?: number;
  /** True if an owner that is gone may have begun the attempt. */
  readonly mayHaveBegun: boolean;
}

/** The decision on an attempt that an executor has read. */
export type NextChance =
  /** Run it. The last chance of an attempt runs alone in its executor. */
  | { readonly kind: 'run'; readonly isLast: boolean }
  /** Write the record again with this chance, and run it when it is read back. */
  | { readonly kind: 'write-down'; readonly chance: number; readonly isLast: boolean }
  /** It has ended so many executors that it fails. */
  | { readonly kind: 'settle'; readonly condition: 'ExecutorEnded'; readonly deaths: number };

/**
 * Decides if an attempt may be started, after executors ended during earlier starts.
 *
 * Each start after the first is written down before it begins. So a record with chance n that may
 * have begun has ended n executors. A record without a chance that may have begun has ended one.
 *
 * @param deathsMax executors that an attempt may end, from 2.
 */
export function nextChance({ chance, mayHaveBegun }: FoundAttempt, deathsMax: number): NextChance {
  if (!mayHaveBegun) return { kind: 'run', isLast: chance !== undefined && chance >= deathsMax };
  const deaths = chance ?? 1;
  if (deaths >= deathsMax) return { kind: 'settle', condition: 'ExecutorEnded', deaths };
  return { kind: 'write-down', chance: deaths + 1, isLast: deaths + 1 >= deathsMax };
}
