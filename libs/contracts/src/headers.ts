import { type EpochMs, epochMs } from './epoch-ms.ts';
import { PlatformError } from './errors.ts';
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

/** @throws PlatformError `CONTRACT_VIOLATED` when the header is absent. */
export function requiredText(headers: RecordHeaders, name: string): string {
  const text = headers[name];
  if (text === undefined) throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: `header ${name} is missing` } });
  return text;
}

/**
 * Reads a whole number of at least 0.
 * @param fallback taken when the header is absent; without one the header is required.
 * @throws PlatformError `CONTRACT_VIOLATED` when absent without a fallback, or not such a number.
 */
export function wholeNumber(headers: RecordHeaders, name: string, fallback?: number): number {
  const text = headers[name];
  if (text === undefined && fallback !== undefined) return fallback;
  const value = Number(requiredText(headers, name));
  if (text === '' || !Number.isSafeInteger(value) || value < 0)
    throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: `header ${name} is not a whole number` } });
  return value;
}

/** As {@link wholeNumber}, for an instant. */
export function instant(headers: RecordHeaders, name: string, fallback?: EpochMs): EpochMs {
  return epochMs(wholeNumber(headers, name, fallback));
}

/** @throws PlatformError `CONTRACT_VIOLATED` when the header holds no JSON. */
export function parsedHeader<T>(headers: RecordHeaders, name: string): T | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new PlatformError('CONTRACT_VIOLATED', { details: { reason: `header ${name} is not JSON` }, cause });
  }
}
