/**
 * A synchronous call, as the ingress asks an executor for it over HTTP.
 *
 * Request: POST {@link callPath}, the payload as its body, the {@link CallRequest} in the header {@link callHeader}. Answer: 200, the
 * {@link CallReport} as JSON and behind it what the function returned, or its error document; {@link callReportBytesHeader} says where
 * one ends. A log may be long and of any characters: it does not fit into a header.
 */
import { bounds } from './bounds.ts';
import { type Condition, isCondition } from './condition.ts';
import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { JsonObject } from './json-object.ts';

/** Where executors answer. */
export const callPath = '/internal/calls';
/** Header of the request: JSON in Base64. */
export const callHeader = 'x-sendoff-call';
/** Header of the answer: length of the report. */
export const callReportBytesHeader = 'x-sendoff-report-bytes';

/** What is asked for, beside the payload. */
export interface CallRequest {
  readonly requestId: string;
  /** Eight fields. */
  readonly functionUrn: string;
  /** The alias that led to it. */
  readonly alias?: string;
  /** When the function was changed last, as far as the ingress knows: an executor that knows an older one catches up first. */
  readonly modifiedAt: EpochMs;
  readonly memoryMb?: number;
  readonly traceparent?: string;
}

/** How a call ended. */
export type CallEnding =
  | { readonly kind: 'returned' }
  /** What was returned is larger than a call may return, and was left out. */
  | { readonly kind: 'too-large' }
  | { readonly kind: 'failed'; readonly condition: Exclude<Condition, ''>; readonly errorMessage: string }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'function-unknown' | 'function-disabled' | 'cancelled' };

/** All that is told of a call, beside the payload. */
export interface CallReport {
  readonly ending: CallEnding;
  /** From the start of the function to its end. */
  readonly durationMs: number;
  /** What its instance may use. */
  readonly memoryMb: number;
  /** What its instance used at the end of the call, in bytes; absent where nobody knows. */
  readonly memoryUsedBytes?: number;
  /** The end of what it printed, with its first and last line; at most `limits.callLogBytesMax` bytes. */
  readonly log: string;
}

/** A call that came to its end. */
export interface CallAnswer {
  readonly report: CallReport;
  readonly payload: Buffer;
}

/** The value of {@link callHeader}. */
export function encodeCallRequest(request: CallRequest): string {
  return Buffer.from(JSON.stringify(request)).toString('base64url');
}

/** @throws PlatformError `CONTRACT_VIOLATED` for a text that {@link encodeCallRequest} did not write. */
export function decodeCallRequest(text: string): CallRequest {
  const call = JsonObject.parse(Buffer.from(text, 'base64url').toString('utf8'), 'the call');
  const alias = call.optionalText('alias');
  const memoryMb = call.optionalWholeNumber('memoryMb', bounds.memoryMb);
  const traceparent = call.optionalText('traceparent');
  return {
    requestId: call.text('requestId'),
    functionUrn: call.text('functionUrn'),
    ...(alias === undefined ? {} : { alias }),
    modifiedAt: call.instant('modifiedAt'),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** Report and payload as one body. @returns its bytes, and how many of them are the report. */
export function encodeCallAnswer({ report, payload }: CallAnswer): { readonly body: Buffer; readonly reportBytes: number } {
  const head = Buffer.from(JSON.stringify(report));
  return { body: Buffer.concat([head, payload]), reportBytes: head.length };
}

/** @throws PlatformError `CONTRACT_VIOLATED` for a body that {@link encodeCallAnswer} did not write. */
export function decodeCallAnswer(body: Buffer, reportBytes: number): CallAnswer {
  if (!Number.isSafeInteger(reportBytes) || reportBytes < 1 || reportBytes > body.length)
    throw contractViolated('the report is past the end of the answer');
  const report = JsonObject.parse(body.toString('utf8', 0, reportBytes), 'the report of the call');
  const memoryUsedBytes = report.optionalWholeNumber('memoryUsedBytes', bounds.memoryUsedBytes);
  return {
    report: {
      ending: endingIn(report.object('ending')),
      durationMs: report.wholeNumber('durationMs', bounds.callDurationMs),
      memoryMb: report.wholeNumber('memoryMb', bounds.memoryMb),
      ...(memoryUsedBytes === undefined ? {} : { memoryUsedBytes }),
      log: report.text('log'),
    },
    payload: body.subarray(reportBytes),
  };
}

const endingKinds = [
  'returned',
  'too-large',
  'failed',
  'unavailable',
  'function-unknown',
  'function-disabled',
  'cancelled',
] as const satisfies readonly CallEnding['kind'][];

function endingIn(fields: JsonObject): CallEnding {
  const kind = fields.word('kind', endingKinds);
  switch (kind) {
    case 'failed': {
      const condition = fields.text('condition');
      if (!isCondition(condition) || condition === '') throw contractViolated('the ending of the call has an unknown condition');
      return { kind, condition, errorMessage: fields.text('errorMessage') };
    }
    case 'unavailable': {
      const retryAfterMs = fields.optionalWholeNumber('retryAfterMs', bounds.retryAfterMs);
      return { kind, reason: fields.text('reason'), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    default:
      return { kind };
  }
}
