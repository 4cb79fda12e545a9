import { acceptedAtOf } from './accepted-at.ts';

/** The part of a record that this reads. Its times have whole seconds. */
interface TimedRecord {
  readonly request_id: string;
  readonly start_time: string;
  /** Empty while the invocation is under way. */
  readonly end_time: string;
}

interface ExactTimes {
  readonly accepted: string;
  readonly ended: string;
  /** From acceptance to the end; undefined if only whole seconds are known. */
  readonly seconds: number | undefined;
}

/** Records have times in UTC without a zone. */
const msOf = (time: string) => Date.parse(time.endsWith('Z') ? time : `${time}Z`);
const isWithinSecond = (ms: number | undefined, time: string): ms is number =>
  ms !== undefined && Math.abs(ms - msOf(time)) <= 1_000;

/** Finds the milliseconds of an invocation, which its record leaves out. */
export function exactTimes(
  { request_id: requestId, start_time: start, end_time: end }: TimedRecord,
  transitions: readonly { readonly kind: string; readonly time: string }[],
): ExactTimes {
  const idMs = acceptedAtOf(requestId);
  const acceptedMs = isWithinSecond(idMs, start) ? idMs : undefined;
  const settledAt = transitions.findLast(({ kind }) => kind === 'settled')?.time;
  const endedMs = settledAt !== undefined && isWithinSecond(msOf(settledAt), end) ? msOf(settledAt) : undefined;
  return {
    accepted: acceptedMs === undefined ? start : new Date(acceptedMs).toISOString(),
    ended: endedMs === undefined ? end : new Date(endedMs).toISOString(),
    seconds: acceptedMs === undefined || endedMs === undefined ? undefined : Math.max(0, endedMs - acceptedMs) / 1_000,
  };
}
