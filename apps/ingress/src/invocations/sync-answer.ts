import { type CallAnswer, type CallReport, conditions, lastLines, limits } from '#contracts';
import { ApiError, functionPaused } from '../http/api-error.ts';

/** The form of the answer that the caller of a synchronous invocation asked for. */
export interface AnswerFormat {
  readonly requestId: string;
  /** v0: the value that the function returned. v1: a JSON object with that value as text. */
  readonly version: 'v0' | 'v1';
  readonly wantsLog: boolean;
  /** Whether the returned bytes, if any, are JSON. */
  readonly isJson: boolean;
}

/** An answer that can be sent. */
export interface SyncAnswer {
  readonly status: number;
  /** By name, spelled as in the documentation. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

const logHeaderBytesMax = 2_000;

/**
 * Makes the answer to a synchronous invocation. An error of the function is an answer with status
 * 200 and `X-Is-Func-Err: true`, as documented. Other statuses are errors of the platform.
 * @throws ApiError FSS.0503 if the function could not be run. FSS.0502 if the executor was stopped
 *   during the call. FSS.0429 if the function is disabled. FSS.0409 if it is paused. FSS.1051 if it
 *   was deleted. FSS.1201 if it returned too much.
 */
export function syncAnswer({ report, payload }: CallAnswer, format: AnswerFormat): SyncAnswer {
  const { ending } = report;
  switch (ending.kind) {
    case 'returned':
      return answered(report, payload, format, { errorCode: 0, statusCode: 200 });
    case 'failed': {
      const document = payload.length > 0 ? payload : errorDocument(ending.condition, ending.errorMessage);
      return answered(report, document, format, conditions[ending.condition]);
    }
    case 'too-large':
      throw new ApiError('FSS.1201', `a function called synchronously may return ${limits.syncBytesMax} bytes`);
    case 'function-unknown':
      throw new ApiError('FSS.1051', 'Not found the function');
    case 'function-disabled':
      throw new ApiError('FSS.0429', 'Function Disabled');
    case 'function-paused':
      throw functionPaused('execution', ending.since);
    case 'unavailable':
      throw new ApiError('FSS.0503', ending.reason, Math.max(1, Math.ceil((ending.retryAfterMs ?? 0) / 1_000)));
    case 'cancelled':
      throw new ApiError('FSS.0502', 'the call was stopped before the function ended; the function may have run in part');
    default:
      return ending satisfies never;
  }
}

function answered(
  report: CallReport,
  payload: Buffer,
  { requestId, version, wantsLog, isJson }: AnswerFormat,
  { errorCode, statusCode }: { readonly errorCode: number; readonly statusCode: number },
): SyncAnswer {
  const { durationMs, memoryMb, memoryUsedBytes, log } = report;
  const summary = {
    duration: durationMs,
    billingDuration: Math.ceil(durationMs),
    memorySize: memoryMb,
    ...(memoryUsedBytes === undefined ? {} : { memoryUsed: memoryUsedBytes / 1_048_576 }),
  };
  const headers = {
    'Content-Type': version === 'v1' || isJson ? 'application/json' : 'text/plain; charset=utf-8',
    'X-Cff-Request-Id': requestId,
    'X-Cff-Invoke-Summary': JSON.stringify(summary),
    'X-CFF-Billing-Duration': String(summary.billingDuration),
    'X-Cff-Response-Version': version,
    'X-Func-Err-Code': String(errorCode),
    'X-Is-Func-Err': String(errorCode !== 0),
    ...(wantsLog ? { 'X-Cff-Function-Log': Buffer.from(lastLines(log, logHeaderBytesMax)).toString('base64') } : {}),
  };
  if (version === 'v0') return { status: 200, headers, body: payload };
  const body = { request_id: requestId, result: payload.toString('utf8'), log: wantsLog ? log : '', status: statusCode };
  return { status: 200, headers, body: JSON.stringify(body) };
}

/** Makes the error document that a runtime would have written. */
function errorDocument(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorMessage, errorType, stackTrace: [] }, null, 2));
}
