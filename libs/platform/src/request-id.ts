import { randomUUID } from 'node:crypto';
import type { EpochMs } from '#contracts';

const latest = 2 ** 48 - 1;

/**
 * The first two groups of a UUID, from an instant: ids that begin with them lie side by side in an index in the order they were made, where
 * random ones would touch a page each. An instant that 48 bits do not hold, as any producer may send one, counts as the nearest.
 */
export function timeGroups(at: EpochMs): string {
  const hex = Math.min(Math.max(at, 0), latest).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/** A new request id: a UUID in the form of version 4, as FunctionGraph's are, of which the first 48 bits are the time and 74 random. */
export function newRequestId(now: EpochMs): string {
  return `${timeGroups(now)}${randomUUID().slice(13)}`;
}
