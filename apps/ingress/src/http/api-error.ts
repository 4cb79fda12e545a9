import { type EpochMs, printable, utcText } from '#contracts';
import { apiCodes, type ApiCode } from './api-codes.ts';

/** An error that the API answers with. Its message may repeat input, and is {@link printable}. */
export class ApiError extends Error {
  /** @param retryAfterSeconds sent as `Retry-After`. */
  constructor(
    readonly code: ApiCode,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(printable(message));
  }

  get status(): number {
    return apiCodes[this.code].status;
  }

  /**
   * The body of the error, in the form of the API that its code belongs to. Errors of the gateway,
   * `APIG.*`, repeat the request id in the body.
   */
  bodyFor(requestId: string): Readonly<Record<string, string>> {
    if (this.code.startsWith('SMN.')) return { request_id: requestId, code: this.code, message: this.message };
    const body = { error_code: this.code, error_msg: this.message };
    return this.code.startsWith('APIG.') ? { ...body, request_id: requestId } : body;
  }
}

/** A text that is not a function URN in any form. */
export function urnMalformed(text: string): ApiError {
  return new ApiError('FSS.1309', `not a function URN: ${text.slice(0, 300)}`);
}

/**
 * A URN of a function of another project than the caller's.
 * @param where the URN is, if not in the path.
 */
export function urnOfAnotherProject(text: string, where = 'the function URN'): ApiError {
  return new ApiError('FSS.0403', `${where} is of another project: ${text.slice(0, 300)}`);
}

/** No function has that name. */
export function functionNotFound(name: string): ApiError {
  return new ApiError('FSS.1051', `Not found the function: ${name.slice(0, 300)}`);
}

/** No version has that name. */
export function versionNotFound(name: string): ApiError {
  return new ApiError('FSS.1052', `Not found the function version: ${name.slice(0, 300)}`);
}

/** No alias has that name. */
export function aliasNotFound(name: string): ApiError {
  return new ApiError('FSS.1053', `Not found the function alias: ${name.slice(0, 300)}`);
}

/**
 * The caller closed its connection. Nobody reads this answer. It is no fault of the service, so it
 * has a status below 500 and is not logged.
 */
export function callerGone(): ApiError {
  return new ApiError('FSS.0400', 'the connection was closed before the request was over');
}

/** A part of the function is paused. */
export function functionPaused(part: 'intake' | 'execution', since: EpochMs): ApiError {
  return new ApiError(
    'FSS.0409',
    `the ${part} of the function is paused since ${utcText(since)}Z; call again after it is resumed`,
  );
}
