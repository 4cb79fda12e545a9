import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type ErrorCode, PlatformError } from '#contracts';
import { type Logger, LOGGER } from '#platform';
import type { ApiCode } from './api-codes.ts';
import { ApiError } from './api-error.ts';
import { drainUnreadBody } from './unread-body.ts';

const codeByStatus: Readonly<Record<number, ApiCode>> = {
  400: 'FSS.0400',
  401: 'FSS.0401',
  403: 'FSS.0403',
  404: 'FSS.0404',
  406: 'FSS.0406',
  413: 'FSS.0413',
  429: 'FSS.0429',
};
const retryAfterSeconds = 1;
/** Messages for retryable errors that need more than the common sentence. */
const retryWords: Readonly<Partial<Record<ErrorCode, string>>> = {
  STORE_UNAVAILABLE: 'records cannot be asked for just now; try again',
  OBJECT_STORE_UNAVAILABLE: 'the object store does not answer just now; try again',
};

/**
 * Turns anything that was thrown into an error of the API. It reveals no stack and no internal
 * message.
 */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof PlatformError && error.retryable)
    return new ApiError(
      'FSS.0503',
      retryWords[error.code] ?? 'the service cannot take the request just now; try again',
      retryAfterSeconds,
    );
  if (error instanceof PlatformError && error.code === 'RECORD_TOO_LARGE')
    return new ApiError('FSS.0413', 'the document would be larger than a Kafka record may be; send less');
  const status =
    error instanceof HttpException ? error.getStatus() : ((error as { statusCode?: number } | null)?.statusCode ?? 500);
  if (status === 404) return new ApiError('FSS.0404', 'no such operation');
  if (status === 415) return new ApiError('FSS.0406', 'Content-Type must be application/json');
  const code = codeByStatus[status];
  return code === undefined ? new ApiError('FSS.0500', 'internal error') : new ApiError(code, (error as Error).message);
}

/** Sends an error, and drops the unread rest of the body. */
export function sendError(reply: FastifyReply, error: ApiError): void {
  drainUnreadBody(reply);
  if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', String(error.retryAfterSeconds));
  const body = JSON.stringify(error.bodyFor(String(reply.getHeader('x-request-id'))));
  void reply.status(error.status).header('content-type', 'application/json').send(body);
}

/** Answers every error with the body of the API, and logs errors of this service once. */
@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const error = asApiError(thrown);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error.status >= 500) this.logger.error({ err: thrown, requestId: reply.getHeader('x-request-id') }, 'a request failed');
    sendError(reply, error);
  }
}
