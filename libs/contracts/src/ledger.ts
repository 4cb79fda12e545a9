import type { EpochMs } from './epoch-ms.ts';
import type { RejectCounts } from './reject.ts';
import type { Tally } from './tally.ts';

/** Asks for the counts of functions, which the ingress sends over HTTP. */
export interface TotalsQuery {
  readonly project: string;
  /** URNs of eight fields, or the name of the whole project; absent selects all functions. */
  readonly functionUrns?: readonly string[];
  /** Only functions after this URN. Default: from the first one. */
  readonly after?: string;
  /** Size of the page, in functions. */
  readonly limit: number;
}

/** The counts of one function since the store exists. */
export interface FunctionTally {
  /** A URN of eight fields; empty for the whole project. */
  readonly functionUrn: string;
  readonly tally: Tally;
  /** The records of `tally.rejected`, by code. */
  readonly rejects: RejectCounts;
}

/** The counts of one minute. */
export interface MinuteTally {
  /** Start of the minute, in milliseconds since 1970. */
  readonly minute: number;
  readonly tally: Tally;
}

/** Asks for the counts of minutes, from `from` to before `to`, in milliseconds since 1970. */
export interface MinutesQuery {
  readonly project: string;
  /** URNs of eight fields, or the name of the whole project. */
  readonly functionUrns: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** An invocation that has not ended, although its group has committed its records. */
export interface UnaccountedInvocation {
  readonly requestId: string;
  readonly functionUrn: string;
  readonly project: string;
}

/** The result of comparing the store with the committed offsets. */
export interface LedgerProof {
  /** When the offsets were read. */
  readonly provenAt: EpochMs;
  /** The oldest ones, at most {@link unaccountedMax}. */
  readonly unaccounted: readonly UnaccountedInvocation[];
}

/** How many unaccounted invocations are listed. */
export const unaccountedMax = 100;

/** The counts of functions, and what was last proven about them. */
export interface LedgerPage {
  /** In the order of the URNs. */
  readonly functions: readonly FunctionTally[];
  /** Absent until the first comparison has succeeded. */
  readonly proof?: LedgerProof;
}

/** The counts of all projects. `accepted` is the sum of `settled` and `inFlight`. */
export interface LedgerSummary {
  readonly accepted: number;
  readonly settled: number;
  readonly inFlight: number;
  /** Records of `intake` that were refused. */
  readonly rejected: number;
  /** As in {@link LedgerProof}, of all projects. Absent if the comparison failed. */
  readonly unaccounted?: readonly UnaccountedInvocation[];
}

/** The backlog of one function, and its forecast. */
export interface BacklogReport {
  readonly functionUrn: string;
  readonly tally: Tally;
  /** When the oldest invocation was accepted that has not ended; absent if all have. */
  readonly oldestAt?: EpochMs;
  /** Counts of the last five minutes. */
  readonly recent: Pick<Tally, 'accepted' | 'starts' | 'late_ms' | 'late_ms_max'> & { readonly ended: number };
  /** How long the backlog lasts at the present rate, in milliseconds; absent if nothing ends. */
  readonly drainMs?: number;
  /** Invocations whose validity period ends before their turn comes, at the present rate. */
  readonly atRisk: number;
}
