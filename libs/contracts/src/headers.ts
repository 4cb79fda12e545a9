import { type Bounds, bounds } from './bounds.ts';
import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { JsonObject } from './json-object.ts';
import type { RecordHeaders } from './record.ts';

/** Names of the headers that carry what the platform knows of a record. */
export const header = {
  requestId: 'request-id',
  functionUrn: 'function-urn',
  alias: 'alias',
  project: 'project',
  acceptedAt: 'accepted-at',
  expiresAt: 'expires-at',
  dueAt: 'due-at',
  attempt: 'attempt',
  retriesUsed: 'retries-used',
  retriesMax: 'retries-max',
  backoff: 'backoff',
  hops: 'hops',
  memoryMb: 'memory-mb',
  destinations: 'destinations',
  statusLog: 'status-log',
  traceparent: 'traceparent',
  lastError: 'last-error',
  releaseTo: 'release-to',
  condition: 'condition',
  attempts: 'attempts',
  startedAt: 'started-at',
  endedAt: 'ended-at',
  statusCode: 'status-code',
  errorCode: 'error-code',
  errorMessage: 'error-message',
  requestBytes: 'request-bytes',
  delivery: 'delivery',
  publication: 'publication',
  confirmation: 'confirmation',
} as const;

/** Headers of the Kafka door, the public contract of the intake topic. */
export const intakeHeader = {
  function: 'sendoff-function',
  project: 'sendoff-project',
  requestId: 'sendoff-request-id',
  delaySeconds: 'sendoff-delay-seconds',
  /** Written by the platform on chained invocations only; a caller's own value counts against the hop limit too. */
  hops: 'sendoff-hops',
  traceparent: 'traceparent',
} as const;

/** Headers that say why, and from where, a record was rejected. */
export const rejectHeader = {
  reason: 'reject-reason',
  topic: 'reject-topic',
  partition: 'reject-partition',
  offset: 'reject-offset',
} as const;

/** @throws PlatformError `CONTRACT_VIOLATED` if the header is missing. */
export function requiredText(headers: RecordHeaders, name: string): string {
  const text = headers[name];
  if (text === undefined) throw contractViolated(`header ${name} is missing`);
  return text;
}

/**
 * Reads a whole number, written in decimal digits.
 * @param fallback taken if the header is missing; without a fallback the header is required.
 * @throws PlatformError `CONTRACT_VIOLATED` if the header is missing and has no fallback, or is not a whole number within the bounds.
 */
export function wholeNumber(headers: RecordHeaders, name: string, { min, max }: Bounds, fallback?: number): number {
  const text = headers[name];
  if (text === undefined && fallback !== undefined) return fallback;
  const value = digits(requiredText(headers, name));
  // NaN is in no range.
  if (!(value >= min && value <= max)) throw contractViolated(`header ${name} must be a whole number from ${min} to ${max}`);
  return value;
}

/** As {@link wholeNumber}, for a header that a record may lack. @returns undefined if the header is missing. */
export function optionalWholeNumber(headers: RecordHeaders, name: string, range: Bounds): number | undefined {
  return headers[name] === undefined ? undefined : wholeNumber(headers, name, range);
}

/** As {@link wholeNumber}, for an instant. */
export function instant(headers: RecordHeaders, name: string, fallback?: EpochMs): EpochMs {
  return wholeNumber(headers, name, bounds.instantMs, fallback) as EpochMs;
}

/** As {@link instant}, for a header that a record may lack. @returns undefined if the header is missing. */
export function optionalInstant(headers: RecordHeaders, name: string): EpochMs | undefined {
  return headers[name] === undefined ? undefined : instant(headers, name);
}

/**
 * Reads a JSON object, whose fields are still to be checked.
 * @returns undefined if the header is missing.
 * @throws PlatformError `CONTRACT_VIOLATED` if the header is not a JSON object.
 */
export function jsonObject(headers: RecordHeaders, name: string): JsonObject | undefined {
  const text = headers[name];
  return text === undefined ? undefined : JsonObject.parse(text, `header ${name}`);
}

const digitsMax = 15;

/** The number that 1..15 decimal digits make: so many are always exact. @returns NaN for any other text. */
function digits(text: string): number {
  if (text.length === 0 || text.length > digitsMax) return Number.NaN;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - zero;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

const zero = '0'.charCodeAt(0);
