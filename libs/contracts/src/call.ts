/**
 * The protocol of a synchronous call, which the ingress sends to an executor over HTTP.
 *
 * Request: `POST` to {@link callPath}. The body is the payload, and the header {@link callHeader}
 * holds the {@link CallRequest}. The ingress sends the body once the executor has answered `100
 * Continue`. So an executor that stood still finds no body of a caller who has gone meanwhile.
 *
 * Answer: 200. The body is the {@link CallReport} as JSON, followed by the return value of the
 * function or its error document. {@link callReportBytesHeader} holds the length of the report. The
 * report holds the log, which may be too long for a header and may hold any character.
 */
import { bounds } from './bounds.ts';
import { type Condition, isCondition } from './condition.ts';
import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { JsonObject } from './json-object.ts';
import { checkedRequestId } from './request-id.ts';

/** Path of the executor's endpoint for calls. */
export const callPath = '/internal/calls';
/** Header of the request: the {@link CallRequest} as JSON in base64url. */
export const callHeader = 'x-sendoff-call';
/** Header of the answer: the length of the report, in bytes. */
export const callReportBytesHeader = 'x-sendoff-report-bytes';

/** A call without its payload. */
export interface CallRequest {
  readonly requestId: string;
  /** Eight fields. */
  readonly functionUrn: string;
  /** The alias that the caller named; absent if it named a version. */
  readonly alias?: string;
  /**
   * The last change of the function that the ingress knows. An executor whose registry has an older
   * one waits until its registry has caught up.
   */
  readonly modifiedAt: EpochMs;
  /**
   * The id of the function or version that the ingress chose: no other one under its name runs.
   * Absent in calls of earlier releases. See `boundIdOf`.
   */
  readonly functionId?: string;
  /** When the ingress stops waiting: no function runs for it after that. */
  readonly giveUpAt?: EpochMs;
  readonly memoryMb?: number;
  readonly traceparent?: string;
  /**
   * The access key of the caller; absent if it sent a token. Keys share the places of an executor.
   */
  readonly caller?: string;
}

/** How a call ended. */
export type CallEnding =
  | { readonly kind: 'returned' }
  /** The return value exceeds `limits.syncBytesMax` and was left out. */
  | { readonly kind: 'too-large' }
  | { readonly kind: 'failed'; readonly condition: Exclude<Condition, ''>; readonly errorMessage: string }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs?: number }
  /** Attempts and calls of the function do not start. */
  | { readonly kind: 'function-paused'; readonly since: EpochMs }
  | { readonly kind: 'function-unknown' | 'function-disabled' | 'cancelled' };

/** Facts that an executor returns with the answer of a call. */
export interface CallReport {
  readonly ending: CallEnding;
  /** From the start of the function to its end; 0 if it did not run. */
  readonly durationMs: number;
  /** Memory limit of the instance; 0 if none ran. */
  readonly memoryMb: number;
  /** Memory that the instance used at the end of the call; absent if the runtime cannot tell. */
  readonly memoryUsedBytes?: number;
  /**
   * The end of the function's output, between a first and a last line of the executor's; at most
   * `limits.callLogBytesMax` bytes.
   */
  readonly log: string;
}

/** The answer of an executor to a call. */
export interface CallAnswer {
  readonly report: CallReport;
  readonly payload: Buffer;
}

/** Writes the value of {@link callHeader}. */
export function encodeCallRequest(request: CallRequest): string {
  return Buffer.from(JSON.stringify(request)).toString('base64url');
}

/**
 * Reads the value of {@link callHeader}.
 * @throws PlatformError `CONTRACT_VIOLATED` for another shape.
 */
export function decodeCallRequest(text: string): CallRequest {
  const call = JsonObject.parse(Buffer.from(text, 'base64url').toString('utf8'), 'the call');
  const alias = call.optionalText('alias');
  const giveUpAt = call.has('giveUpAt') ? call.instant('giveUpAt') : undefined;
  const functionId = call.optionalText('functionId');
  const memoryMb = call.optionalWholeNumber('memoryMb', bounds.memoryMb);
  const traceparent = call.optionalText('traceparent');
  const caller = call.optionalText('caller');
  return {
    requestId: checkedRequestId(call.text('requestId')),
    functionUrn: call.text('functionUrn'),
    ...(alias === undefined ? {} : { alias }),
    modifiedAt: call.instant('modifiedAt'),
    ...(functionId === undefined ? {} : { functionId }),
    ...(giveUpAt === undefined ? {} : { giveUpAt }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(caller === undefined ? {} : { caller }),
  };
}

/** Writes report and payload as one body. @returns the body, and the length of the report in it. */
export function encodeCallAnswer({ report, payload }: CallAnswer): { readonly body: Buffer; readonly reportBytes: number } {
  const head = Buffer.from(JSON.stringify(report));
  return { body: Buffer.concat([head, payload]), reportBytes: head.length };
}

/** Reads the body of an answer. @throws PlatformError `CONTRACT_VIOLATED` for another shape. */
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
  'function-paused',
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
    case 'function-paused':
      return { kind, since: fields.instant('since') };
    default:
      return { kind };
  }
}
