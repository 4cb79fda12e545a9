/**
 * Rejects of the topic `intake`, as the ledger counts them.
 *
 * The service that refuses a record knows why, and which function the record named. It writes both
 * into the headers of the reject. The texts of the producer are not trusted: a made-up name must
 * not become a row of the ledger.
 */
import { beginningOf } from './cut-text.ts';
import { type EpochMs, epochMs } from './epoch-ms.ts';
import { PlatformError } from './errors.ts';
import { formatFunctionUrn, parseFunctionUrn } from './function-urn.ts';
import { rejectHeader } from './headers.ts';
import { printable } from './printable.ts';
import type { IncomingRecord, RecordHeaders } from './record.ts';

/** Why a record of `intake` is refused. The ledger counts by these codes. */
export const rejectCodes = [
  'record-malformed',
  'record-unreadable',
  'record-too-large',
  'urn-malformed',
  'project-foreign',
  'function-unknown',
  'version-unknown',
  'alias-unknown',
  'function-disabled',
  'intake-paused',
  'payload-too-large',
  'payload-unknown',
  'payload-expired',
  'memory-unknown',
  'delay-out-of-range',
  'idempotency-conflict',
  'other',
] as const;

/** One of the {@link rejectCodes}; `other` also stands for a code of another release. */
export type RejectCode = (typeof rejectCodes)[number];

/** Rejects by their code; codes that did not occur are left out. */
export type RejectCounts = Partial<Record<RejectCode, number>>;

/** The function for which a record was refused. */
export interface RejectSubject {
  /** A URN of eight fields, of a version that exists. */
  readonly functionUrn: string;
  readonly project: string;
}

/** The project of rejects that name no function that exists. */
export const noProject = '';

/** A refused record of `intake`. */
export interface Reject {
  readonly code: RejectCode;
  /** A URN of eight fields; empty if the record named no function that exists. */
  readonly functionUrn: string;
  /** Empty if `functionUrn` is. */
  readonly project: string;
  readonly reason: string;
  /** Tells two refused records apart, however often one is refused or its reject is read. */
  readonly origin: { readonly partition: number; readonly offset: number; readonly at: number };
  /** The place of the reject. */
  readonly partition: number;
  readonly offset: number;
  readonly at: EpochMs;
}

/** The place of a reject in a list: newest first, then by its place in the topic. */
export type RejectPlace = Pick<Reject, 'at' | 'partition' | 'offset'>;

/** A query for rejects, which the ingress sends over HTTP. */
export interface RejectQuery {
  /** {@link noProject} may be one of them. */
  readonly projects: readonly string[];
  /** At most {@link rejectFunctionsMax} URNs of eight fields; absent selects all functions. */
  readonly functionUrns?: readonly string[];
  readonly code?: RejectCode;
  /** The last reject of the page before; absent for the first page. */
  readonly after?: RejectPlace;
  /** Size of the page, in rejects. */
  readonly limit: number;
}

/** Versions of functions that one query for rejects may name. The store reads an index for each. */
export const rejectFunctionsMax = 50;

/** One page of rejects, newest first. */
export interface RejectPage {
  readonly rejects: readonly Reject[];
  /** True if rejects follow that match. */
  readonly hasMore: boolean;
}

/** Longest text that says why a record was refused, in characters. */
export const rejectReasonLengthMax = 512;

/** Adds up counts of rejects. */
export function addRejects(counts: readonly RejectCounts[]): RejectCounts {
  const sum: RejectCounts = {};
  for (const one of counts) for (const code of rejectCodes) if (one[code] !== undefined) sum[code] = (sum[code] ?? 0) + one[code];
  return sum;
}

/** How many records these counts stand for. */
export function rejectsOf(counts: RejectCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** The same fault, with what the headers of the reject say about it. */
export function refusedFor(fault: PlatformError, rejectCode: RejectCode, subject: RejectSubject | undefined): PlatformError {
  return new PlatformError(fault.code, { details: { rejectCode, ...fault.details, ...subject }, cause: fault.cause });
}

/**
 * The headers of a reject that say why and for which function it was refused. A record may come
 * with such headers, from a producer or an earlier refusal; these replace all of them.
 */
export function rejectFacts(headers: RecordHeaders, fault: PlatformError): Record<string, string> {
  const { [rejectHeader.code]: _code, [rejectHeader.function]: _function, [rejectHeader.project]: _project, ...own } = headers;
  const { rejectCode, functionUrn, project } = fault.details;
  const hasSubject = typeof functionUrn === 'string' && typeof project === 'string';
  return {
    ...own,
    [rejectHeader.code]: codeOf(rejectCode),
    ...(hasSubject ? { [rejectHeader.function]: functionUrn, [rejectHeader.project]: project } : {}),
  };
}

/**
 * Reads a reject. Never throws: a reject of a reject would be read again, without end.
 * @param intake the full name of the topic.
 * @returns undefined for a reject of another topic, and for a record that no service wrote.
 */
export function readReject(record: IncomingRecord, intake: string): Reject | undefined {
  const { headers, partition, offset, timestamp } = record;
  const origin = {
    partition: wholeIn(headers[rejectHeader.partition]),
    offset: wholeIn(headers[rejectHeader.offset]),
    // Earlier releases did not write it.
    at: wholeIn(headers[rejectHeader.timestamp] ?? '0'),
  };
  if (headers[rejectHeader.topic] !== intake || Object.values(origin).some(Number.isNaN)) return undefined;
  return {
    code: codeOf(headers[rejectHeader.code]),
    ...subjectIn(headers),
    reason: beginningOf(printable(headers[rejectHeader.reason] ?? ''), rejectReasonLengthMax),
    origin,
    partition,
    offset: Number(offset),
    at: epochMs(timestamp),
  };
}

function codeOf(value: unknown): RejectCode {
  return rejectCodes.find((code) => code === value) ?? 'other';
}

function subjectIn(headers: RecordHeaders): Pick<Reject, 'functionUrn' | 'project'> {
  const { [rejectHeader.function]: text = '', [rejectHeader.project]: project = '' } = headers;
  const urn = parseFunctionUrn(text, { region: '', project: '' });
  const isOne = urn !== undefined && urn.project === project && formatFunctionUrn(urn) === text;
  return isOne ? { functionUrn: text, project } : { functionUrn: '', project: '' };
}

/** @returns NaN unless the text is a whole number that is not negative. */
function wholeIn(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}
