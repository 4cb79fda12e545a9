import { randomUUID } from 'node:crypto';
import type { EpochMs } from '#contracts';

const latest = 2 ** 48 - 1;

/**
 * The first two groups of a UUID, made from an instant. An index keeps ids with these groups in the
 * order they were made; random ids would each touch another page of the index. An instant outside
 * 48 bits, which a producer may send, is clamped.
 */
export function timeGroups(at: EpochMs): string {
  const hex = Math.min(Math.max(at, 0), latest).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/**
 * A new request id: a UUID in the form of version 4, as in FunctionGraph. Its first 48 bits are the
 * time, 74 bits are random.
 */
export function newRequestId(now: EpochMs): string {
  return `${timeGroups(now)}${randomUUID().slice(13)}`;
}
