import { tableLines } from '../print-table.ts';

/** The measurements of one run of `verify`. */
export interface Measured {
  readonly function: string;
  /** How long traffic was sent, in seconds. */
  readonly seconds: number;
  readonly accepted: { readonly http: number; readonly kafka: number };
  /** Sent and not accepted. Nothing was promised for these. */
  readonly refused: { readonly http: number; readonly kafka: number };
  /** Request ids that were accepted and have no record. */
  readonly lost: readonly string[];
  /** Request ids whose record has not ended in time. */
  readonly open: readonly string[];
  /** Request ids that ended other than with success. */
  readonly failed: readonly string[];
  /** Attempts past the first of an invocation. */
  readonly repeats: number;
  /** Request ids that the ledger names; undefined if it was not compared in time. */
  readonly unaccounted: readonly string[] | undefined;
  readonly notices: { readonly pending: number; readonly delivered: number; readonly undelivered: number };
  /** How many attempts started, and how long after their due time, in milliseconds. */
  readonly lateness: { readonly starts: number; readonly average_ms: number; readonly max_ms: number };
  /** The Kafka door was left out because no brokers are known. */
  readonly is_http_only: boolean;
  /** The user ended it early. */
  readonly is_ended_early: boolean;
}

/** The promises that are judged. */
export interface Bounds {
  readonly latenessMsMax: number;
  /** False for a function of the user, which may fail by itself. */
  readonly mustSucceed: boolean;
}

/** One row of the verdict. */
export interface Check {
  readonly promise: string;
  readonly found: string;
  readonly is_held: boolean;
}

const namedMax = 3;

function listed(ids: readonly string[]): string {
  if (ids.length === 0) return '0';
  return `${ids.length}: ${ids.slice(0, namedMax).join(', ')}${ids.length > namedMax ? ', ...' : ''}`;
}

/** Judges each promise. Pure. */
export function judge(measured: Measured, { latenessMsMax, mustSucceed }: Bounds): readonly Check[] {
  const { accepted, lost, open, failed, unaccounted, notices, lateness } = measured;
  const none = (promise: string, ids: readonly string[]): Check => ({ promise, found: listed(ids), is_held: ids.length === 0 });
  return [
    {
      promise: 'both doors accept',
      found: `HTTP ${accepted.http}, Kafka ${measured.is_http_only ? 'not asked' : accepted.kafka}`,
      is_held: accepted.http > 0 && (measured.is_http_only || accepted.kafka > 0 || measured.is_ended_early),
    },
    none('nothing accepted is lost', lost),
    none('everything accepted ends', open),
    ...(mustSucceed ? [none('nothing fails', failed)] : []),
    {
      promise: 'the ledger accounts for all',
      found: unaccounted === undefined ? 'not compared in time' : listed(unaccounted),
      is_held: unaccounted?.length === 0,
    },
    {
      promise: 'every notice is delivered',
      found: `delivered ${notices.delivered}, pending ${notices.pending}, undelivered ${notices.undelivered}`,
      is_held: notices.pending === 0 && notices.undelivered === 0,
    },
    {
      promise: `delayed ones start within ${latenessMsMax} ms`,
      found: lateness.starts === 0 ? 'not measured' : `average ${lateness.average_ms} ms, most ${lateness.max_ms} ms`,
      is_held: lateness.starts > 0 && lateness.max_ms <= latenessMsMax,
    },
  ];
}

/** The verdict for people. */
export function verdictLines(measured: Measured, checks: readonly Check[]): string[] {
  const { refused, repeats, seconds, is_ended_early: isEndedEarly } = measured;
  return [
    ...tableLines(
      ['PROMISE', 'HELD', 'FOUND'],
      checks.map(({ promise, is_held: isHeld, found }) => [promise, isHeld ? 'yes' : 'NO', found]),
    ),
    `${seconds} s of traffic${isEndedEarly ? ', ended early' : ''}; refused: HTTP ${refused.http}, Kafka ${refused.kafka}; repeated attempts: ${repeats}`,
  ];
}
