import { type Bounds, bounds } from './bounds.ts';
import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { JsonObject } from './json-object.ts';
import type { RecordHeaders } from './record.ts';

/** Names of the headers on the records of the platform. */
export const header = {
  requestId: 'request-id',
  functionUrn: 'function-urn',
  /** The function that the URN named at the acceptance; see `boundIdOf`. */
  functionId: 'function-id',
  alias: 'alias',
  project: 'project',
  acceptedAt: 'accepted-at',
  /** On the mark of a purge: it concerns invocations accepted until then. */
  acceptedUntil: 'accepted-until',
  /** On the mark of a purge that also ends attempts that run. */
  includesRunning: 'includes-running',
  expiresAt: 'expires-at',
  dueAt: 'due-at',
  attempt: 'attempt',
  /** Which start of this attempt the record is for, from 2; see `nextChance`. */
  chance: 'chance',
  retriesUsed: 'retries-used',
  retriesMax: 'retries-max',
  backoff: 'backoff',
  hops: 'hops',
  memoryMb: 'memory-mb',
  destinations: 'destinations',
  statusLog: 'status-log',
  traceparent: 'traceparent',
  /** The trace context of the act before: an attempt, or a delivery try. */
  traceLink: 'trace-link',
  /** Tags that the caller gave, separated by commas. */
  tags: 'tags',
  lastError: 'last-error',
  releaseTo: 'release-to',
  condition: 'condition',
  attempts: 'attempts',
  startedAt: 'started-at',
  endedAt: 'ended-at',
  statusCode: 'status-code',
  errorCode: 'error-code',
  errorMessage: 'error-message',
  /** Set on a settlement that no service reported; see `Settlement.isPresumed`. */
  isPresumed: 'presumed',
  /** The record from which the last attempt was made; see `Settlement.madeFrom`. */
  madeFrom: 'made-from',
  requestBytes: 'request-bytes',
  /** The reference of a payload in the store; the value then holds none. */
  payloadRef: 'payload-ref',
  /** The reference of a return value in the store. */
  responseRef: 'response-ref',
  delivery: 'delivery',
  publication: 'publication',
  confirmation: 'confirmation',
} as const;

/** Names of the headers on the intake topic, which any Kafka producer may write. */
export const intakeHeader = {
  function: 'sendoff-function',
  project: 'sendoff-project',
  /** The id of the function. Another one under its name does not get the event. */
  functionId: 'sendoff-function-id',
  requestId: 'sendoff-request-id',
  delaySeconds: 'sendoff-delay-seconds',
  /** The reference of an uploaded payload; the value is then empty. */
  payloadRef: 'sendoff-payload-ref',
  /** See `readInvocationTags`. */
  tags: 'sendoff-tags',
  /** Set on chained invocations. A value from a producer counts towards the hop limit too. */
  hops: 'sendoff-hops',
  /** The version of the format of the record; absent for version 1. */
  formatVersion: 'sendoff-format-version',
  traceparent: 'traceparent',
} as const;

/** Names of the headers on the rejects topic: the reason, and the place of the original. */
export const rejectHeader = {
  reason: 'reject-reason',
  /** One of the `rejectCodes`. */
  code: 'reject-code',
  /** The URN of the function that refused the record; absent if it named none that exists. */
  function: 'reject-function',
  /** The project of that function. */
  project: 'reject-project',
  topic: 'reject-topic',
  partition: 'reject-partition',
  offset: 'reject-offset',
  /** When the broker appended the original, in milliseconds since 1970. */
  timestamp: 'reject-timestamp',
} as const;

/**
 * Names of the headers on the registry topic.
 * @see docs/adr/0017-registry-documents-are-signed.md
 */
export const registryHeader = {
  /** The sequence number of this document among all that were written under its key, from 1. */
  sequence: 'registry-sequence',
  /** The signature of the ingress, in base64url. */
  signature: 'registry-signature',
} as const;

/** Reads a text. @throws PlatformError `CONTRACT_VIOLATED` if the header is missing. */
export function requiredText(headers: RecordHeaders, name: string): string {
  const text = headers[name];
  if (text === undefined) throw contractViolated(`header ${name} is missing`);
  return text;
}

/**
 * Reads a whole number, written in decimal digits.
 * @param fallback returned if the header is missing; without a fallback the header is required.
 * @throws PlatformError `CONTRACT_VIOLATED` if a required header is missing, or if the text is not
 *   a whole number within the bounds.
 */
export function wholeNumber(headers: RecordHeaders, name: string, { min, max }: Bounds, fallback?: number): number {
  const text = headers[name];
  if (text === undefined && fallback !== undefined) return fallback;
  const value = digits(requiredText(headers, name));
  // This is also true for NaN.
  if (!(value >= min && value <= max)) throw contractViolated(`header ${name} must be a whole number from ${min} to ${max}`);
  return value;
}

/** As {@link wholeNumber}, for an optional header. @returns undefined if it is missing. */
export function optionalWholeNumber(headers: RecordHeaders, name: string, range: Bounds): number | undefined {
  return headers[name] === undefined ? undefined : wholeNumber(headers, name, range);
}

/** As {@link wholeNumber}, for an instant. */
export function instant(headers: RecordHeaders, name: string, fallback?: EpochMs): EpochMs {
  return wholeNumber(headers, name, bounds.instantMs, fallback) as EpochMs;
}

/** As {@link instant}, for an optional header. @returns undefined if it is missing. */
export function optionalInstant(headers: RecordHeaders, name: string): EpochMs | undefined {
  return headers[name] === undefined ? undefined : instant(headers, name);
}

/**
 * Reads a JSON object. The caller checks its fields.
 * @returns undefined if the header is missing.
 * @throws PlatformError `CONTRACT_VIOLATED` if the header is not a JSON object.
 */
export function jsonObject(headers: RecordHeaders, name: string): JsonObject | undefined {
  const text = headers[name];
  return text === undefined ? undefined : JsonObject.parse(text, `header ${name}`);
}

const digitsMax = 15;

/** Reads 1..15 decimal digits, which a number holds exactly. @returns NaN for any other text. */
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
