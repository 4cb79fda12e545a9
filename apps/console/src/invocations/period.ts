import { nowMs } from '../api/now.ts';

/** Times of acceptance that a list covers, as texts of UTC. */
export interface Period {
  readonly begin: string;
  /** Undefined for now. */
  readonly end: string | undefined;
}

const minuteMs = 60_000;

function utcText(at: number): string {
  return new Date(at).toISOString().slice(0, 19);
}

/**
 * The last hours. The begin moves once a minute, so that the same list keeps its answers.
 * @param now milliseconds since 1970.
 */
export function lastHours(hours: number, now = nowMs()): Period {
  return { begin: utcText(Math.floor(now / minuteMs) * minuteMs - hours * 60 * minuteMs), end: undefined };
}

/** The instant of a field `datetime-local` in the zone of the viewer; undefined if it is empty. */
export function instantOfField(text: string): string | undefined {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : utcText(at.getTime());
}

/** The text of a field `datetime-local`, in the zone of the viewer, for an instant in UTC. */
export function fieldOfInstant(utc: string): string {
  const at = new Date(`${utc}Z`);
  return utcText(at.getTime() - at.getTimezoneOffset() * minuteMs).slice(0, 16);
}
