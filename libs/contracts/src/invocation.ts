import { bounds } from './bounds.ts';
import { beginningOf } from './cut-text.ts';
import { type EpochMs, epochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { header, instant, jsonObject, optionalWholeNumber, requiredText, wholeNumber } from './headers.ts';
import { tagsHeader, tagsOfHeaders } from './invocation-tags.ts';
import { isMemorySizeMb, limits } from './limits.ts';
import { checkedRequestId } from './request-id.ts';
import { type Backoff, retryPolicy } from './retry-policy.ts';
import type { IncomingRecord, OutgoingRecord, RecordHeaders, Spread } from './record.ts';
import { formatHeaders, referenceHeaders } from './record-format.ts';
import { type Destinations, destinationsOf } from './destinations.ts';

/** The policy at the time of acceptance. Later decisions use it and read no registry. */
export interface StampedPolicy {
  readonly retriesMax: number;
  readonly backoff: Backoff;
  readonly destinations: Destinations;
  /** `group/stream` of the status log; absent if the function has none. */
  readonly statusLog?: string;
}

/** One request to run one function, before its next attempt. */
export interface Invocation {
  readonly requestId: string;
  /** Eight fields, with the version that runs. */
  readonly functionUrn: string;
  /**
   * The id of that function or version; see `boundIdOf`. The event does not run on another one that
   * was made anew under the same name. Absent in records of earlier releases, which run by name.
   */
  readonly functionId?: string;
  /** The alias that the caller named; absent if it named a version. */
  readonly alias?: string;
  readonly project: string;
  readonly acceptedAt: EpochMs;
  /** The end of the validity period: no attempt starts at or after it. */
  readonly expiresAt: EpochMs;
  /** No attempt starts before it. */
  readonly dueAt: EpochMs;
  /** The next attempt, from 1. */
  readonly attempt: number;
  /**
   * Which start of this attempt comes next, from 2: executors ended during the ones before. Absent
   * for the first.
   */
  readonly chance?: number;
  /** Failures of the function that led to a retry; failures of the platform do not count. */
  readonly retriesUsed: number;
  readonly policy: StampedPolicy;
  /** Chained invocations before this one. */
  readonly hops: number;
  /** Memory that the caller chose; absent if the function does not let callers choose. */
  readonly memoryMb?: number;
  /** W3C trace context of the caller. */
  readonly traceparent?: string;
  /** W3C trace context of the last act for this invocation: an attempt, or a delivery try. */
  readonly traceLink?: string;
  /** Names by which the caller finds the invocation; absent if it gave none. */
  readonly tags?: readonly string[];
  /** Why the attempt before failed. The API shows it while the invocation waits. */
  readonly lastError?: string;
  /**
   * The reference of the payload in the store, if it is too large for a record. `payload` is then
   * empty.
   */
  readonly payloadRef?: string;
  /** The JSON bytes of the caller. No service parses them on their way to the function. */
  readonly payload: Buffer;
}

/** The headers of an invocation, without those that have their default value. */
export function invocationHeaders(invocation: Invocation): Record<string, string> {
  const { policy } = invocation;
  const headers: Record<string, string> = {
    ...formatHeaders('work'),
    [header.requestId]: invocation.requestId,
    [header.functionUrn]: invocation.functionUrn,
    [header.project]: invocation.project,
    [header.acceptedAt]: String(invocation.acceptedAt),
    [header.expiresAt]: String(invocation.expiresAt),
    [header.attempt]: String(invocation.attempt),
  };
  if (invocation.functionId !== undefined) headers[header.functionId] = invocation.functionId;
  if (invocation.alias !== undefined) headers[header.alias] = invocation.alias;
  if (invocation.dueAt > invocation.acceptedAt) headers[header.dueAt] = String(invocation.dueAt);
  if (invocation.chance !== undefined) headers[header.chance] = String(invocation.chance);
  if (invocation.retriesUsed > 0) headers[header.retriesUsed] = String(invocation.retriesUsed);
  if (policy.retriesMax > 0) headers[header.retriesMax] = String(policy.retriesMax);
  if (policy.backoff.baseMs !== retryPolicy.backoff.baseMs || policy.backoff.maxMs !== retryPolicy.backoff.maxMs)
    headers[header.backoff] = JSON.stringify(policy.backoff);
  if (policy.destinations.onSuccess !== undefined || policy.destinations.onFailure !== undefined)
    headers[header.destinations] = JSON.stringify(policy.destinations);
  if (policy.statusLog !== undefined) headers[header.statusLog] = policy.statusLog;
  if (invocation.hops > 0) headers[header.hops] = String(invocation.hops);
  if (invocation.memoryMb !== undefined) headers[header.memoryMb] = String(invocation.memoryMb);
  if (invocation.traceparent !== undefined) headers[header.traceparent] = invocation.traceparent;
  if (invocation.traceLink !== undefined) headers[header.traceLink] = invocation.traceLink;
  if (invocation.tags !== undefined) Object.assign(headers, tagsHeader(invocation.tags));
  if (invocation.lastError !== undefined) headers[header.lastError] = invocation.lastError;
  if (invocation.payloadRef !== undefined)
    Object.assign(headers, referenceHeaders({ [header.payloadRef]: invocation.payloadRef }));
  return headers;
}

/** The record of an invocation. Its key is the request id. @param spread as `laneSpread` tells. */
export function encodeInvocation(topic: string, invocation: Invocation, spread?: Spread): OutgoingRecord {
  const record = { topic, key: invocation.requestId, value: invocation.payload, headers: invocationHeaders(invocation) };
  return spread === undefined ? record : { ...record, spread };
}

/**
 * Reads the backoff; the default if the header is missing.
 * @throws PlatformError `CONTRACT_VIOLATED` for another shape.
 */
function backoffOf(headers: RecordHeaders): Backoff {
  const backoff = jsonObject(headers, header.backoff);
  if (backoff === undefined) return retryPolicy.backoff;
  return {
    baseMs: backoff.wholeNumber('baseMs', bounds.backoffMs),
    maxMs: backoff.wholeNumber('maxMs', bounds.backoffMs),
  };
}

/**
 * Reads the memory of the instance.
 * @throws PlatformError `CONTRACT_VIOLATED` for a size that is not offered.
 */
function memoryOf(headers: RecordHeaders): number | undefined {
  const memoryMb = optionalWholeNumber(headers, header.memoryMb, bounds.memoryMb);
  if (memoryMb !== undefined && !isMemorySizeMb(memoryMb))
    throw contractViolated('header memory-mb is not a size that an instance can have');
  return memoryMb;
}

/**
 * Reads an invocation back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeInvocation({ headers, value }: Pick<IncomingRecord, 'headers' | 'value'>): Invocation {
  const acceptedAt = instant(headers, header.acceptedAt);
  const functionId = headers[header.functionId];
  const alias = headers[header.alias];
  const memoryMb = memoryOf(headers);
  const chance = optionalWholeNumber(headers, header.chance, bounds.chance);
  const traceparent = headers[header.traceparent];
  const traceLink = headers[header.traceLink];
  const lastError = headers[header.lastError];
  const payloadRef = headers[header.payloadRef];
  const statusLog = headers[header.statusLog];
  return {
    requestId: checkedRequestId(requiredText(headers, header.requestId)),
    functionUrn: requiredText(headers, header.functionUrn),
    ...(functionId === undefined ? {} : { functionId }),
    ...(alias === undefined ? {} : { alias }),
    project: requiredText(headers, header.project),
    acceptedAt,
    expiresAt: instant(headers, header.expiresAt),
    dueAt: instant(headers, header.dueAt, acceptedAt),
    attempt: wholeNumber(headers, header.attempt, bounds.attempt, 1),
    ...(chance === undefined ? {} : { chance }),
    retriesUsed: wholeNumber(headers, header.retriesUsed, bounds.retries, 0),
    policy: {
      retriesMax: wholeNumber(headers, header.retriesMax, bounds.retries, 0),
      backoff: backoffOf(headers),
      destinations: destinationsOf(headers),
      ...(statusLog === undefined ? {} : { statusLog }),
    },
    hops: wholeNumber(headers, header.hops, bounds.hops, 0),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(traceLink === undefined ? {} : { traceLink }),
    ...tagsOfHeaders(headers),
    ...(lastError === undefined ? {} : { lastError }),
    ...(payloadRef === undefined ? {} : { payloadRef }),
    payload: value ?? Buffer.alloc(0),
  };
}

/** The invocation with the numbers of its next attempt, which has not been started yet. */
export function nextAttempt(
  { chance: _started, ...invocation }: Invocation,
  next: { readonly attempt: number; readonly retriesUsed: number; readonly dueAt: number; readonly lastError: string },
): Invocation {
  return {
    ...invocation,
    attempt: next.attempt,
    retriesUsed: next.retriesUsed,
    dueAt: epochMs(next.dueAt),
    lastError: beginningOf(next.lastError, limits.errorMessageLengthMax),
  };
}
