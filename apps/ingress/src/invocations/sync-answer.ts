import { type CallAnswer, type CallReport, conditions, lastBytes, limits } from '#contracts';
import { ApiError } from '../http/api-error.ts';

/** How the caller of a synchronous invocation wants its answer. */
export interface AnswerWishes {
  readonly requestId: string;
  /** v0: what the function returned, as it is. v1: a JSON object with that as text in it. */
  readonly version: 'v0' | 'v1';
  readonly wantsLog: boolean;
  /** Returned bytes are JSON whenever there are any. */
  readonly isJson: boolean;
}

/** An answer, ready to be sent. */
export interface SyncAnswer {
  readonly status: number;
  /** By name, spelled as documented. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

const logHeaderBytesMax = 2_000;

/**
 * The answer to a synchronous invocation. What the function did wrong is its own answer, with status 200 and `X-Is-Func-Err: true`, since
 * those headers are documented for 200; other statuses are the platform's.
 * @throws ApiError FSS.0503 when the function could not be run, FSS.0502 when the executor was stopped under it, FSS.0429 when it is disabled, FSS.1051 when it is gone, FSS.1201 when it
 *   returned too much.
 */
export function syncAnswer({ report, payload }: CallAnswer, wishes: AnswerWishes): SyncAnswer {
  const { ending } = report;
  switch (ending.kind) {
    case 'returned':
      return answered(report, payload, wishes, { errorCode: 0, statusCode: 200 });
    case 'failed': {
      const document = payload.length > 0 ? payload : errorDocument(ending.condition, ending.errorMessage);
      return answered(report, document, wishes, conditions[ending.condition]);
    }
    case 'too-large':
      throw new ApiError('FSS.1201', `a function called synchronously may return ${limits.syncBytesMax} bytes`);
    case 'function-unknown':
      throw new ApiError('FSS.1051', 'Not found the function');
    case 'function-disabled':
      throw new ApiError('FSS.0429', 'Function Disabled');
    case 'unavailable':
      throw new ApiError('FSS.0503', ending.reason, Math.max(1, Math.ceil((ending.retryAfterMs ?? 0) / 1_000)));
    case 'cancelled':
      throw new ApiError('FSS.0502', 'the call was ended before the function had; it may have run in part');
    default:
      return ending satisfies never;
  }
}

function answered(
  report: CallReport,
  payload: Buffer,
  { requestId, version, wantsLog, isJson }: AnswerWishes,
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
    ...(wantsLog ? { 'X-Cff-Function-Log': Buffer.from(lastBytes(log, logHeaderBytesMax)).toString('base64') } : {}),
  };
  if (version === 'v0') return { status: 200, headers, body: payload };
  const body = { request_id: requestId, result: payload.toString('utf8'), log: wantsLog ? log : '', status: statusCode };
  return { status: 200, headers, body: JSON.stringify(body) };
}

/** As a runtime would have written it. */
function errorDocument(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorMessage, errorType, stackTrace: [] }, null, 2));
}
