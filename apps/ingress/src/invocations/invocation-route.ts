/**
 * The route of asynchronous invocations. It is a raw route of Fastify, for speed: no pipes and no
 * DTO. The body goes into Kafka as the bytes that came.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invocationTagsRule, limits, memorySizesMb, readInvocationTags, traceparentOf } from '#contracts';
import { isPayloadReference } from '#objects';
import { type Clock, type Logger, newRequestId } from '#platform';
import type { Acceptor, Arrived } from './acceptor.ts';
import {
  aliasNotFound,
  ApiError,
  functionNotFound,
  functionPaused,
  urnMalformed,
  urnOfAnotherProject,
  versionNotFound,
} from '../http/api-error.ts';
import { asApiError, sendError } from '../http/api-error.filter.ts';
import { takeBytes } from '../access/door.ts';
import type { DescribedRoute } from '../document/api-document.ts';
import { isJsonObject } from './json-bytes.ts';
import { invocationOperations } from './invocation.operations.ts';
import { asyncHeaders, refuseUnheeded } from './sendoff-headers.ts';

const emptyEvent = Buffer.from('{}');

/**
 * Returns the event of a request. A missing body counts as `{}`, because some clients send none.
 */
function eventOf({ body }: { readonly body: Buffer | undefined }): Buffer {
  return body === undefined || body.length === 0 ? emptyEvent : body;
}

function refusalOf({ reason }: Extract<Arrived, { kind: 'refused' }>, urn: string): ApiError {
  switch (reason) {
    case 'function-unknown':
      return functionNotFound(urn);
    case 'function-disabled':
      return new ApiError('FSS.0429', 'Function Disabled');
    case 'payload-too-large':
      return new ApiError(
        'FSS.0413',
        `the event may have ${limits.payloadBytesMax} bytes; upload a larger one to sendoff/functions/{function}/payloads`,
      );
    case 'delay-out-of-range':
      return new ApiError('FSS.0400', `X-Sendoff-Delay-Seconds must be a whole number from 0 to ${limits.delaySecondsMax}`);
    case 'idempotency-conflict':
      return new ApiError('FSS.0422', 'this Idempotency-Key was sent before with another event; use a new key for a new event');
    case 'version-unknown':
      return versionNotFound(urn);
    case 'alias-unknown':
      return aliasNotFound(urn);
    case 'memory-unknown':
      return memoryUnknown();
    case 'urn-malformed':
      return urnMalformed(urn);
    case 'payload-unknown':
    case 'payload-expired':
      return payloadRefused(reason);
    case 'project-foreign':
      return urnOfAnotherProject(urn);
    default:
      return reason satisfies never;
  }
}

/**
 * The form of an `Idempotency-Key`, with or without the quotes of the draft.
 * @see draft-ietf-httpapi-idempotency-key-header
 */
const idempotencyKeyPattern = /^(?<quote>"?)(?<key>[\x21\x23-\x7e]{1,255})\k<quote>$/;

/** @throws ApiError FSS.0400. */
function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = typeof header === 'string' ? idempotencyKeyPattern.exec(header)?.groups?.['key'] : undefined;
  if (key === undefined)
    throw new ApiError('FSS.0400', 'Idempotency-Key must be 1..255 printable characters without spaces or quotes');
  return key;
}

/** @throws ApiError FSS.0400. */
function tagsOf(header: string | string[] | undefined): { readonly tags?: readonly string[] } {
  if (header === undefined) return {};
  const tags = readInvocationTags(String(header));
  if (tags === undefined) throw new ApiError('FSS.0400', `X-Sendoff-Tags must hold ${invocationTagsRule}`);
  return { tags };
}

/** The error for a memory size that does not exist. */
export function memoryUnknown(): ApiError {
  return new ApiError('FSS.0406', `X-Cff-Instance-Memory must be one of ${memorySizesMb.join(', ')}`);
}

/**
 * Returns the memory that a request asks for, or NaN if the header is not a number: the rule that
 * checks it refuses NaN.
 */
export function instanceMemoryOf(headers: IncomingHttpHeaders): { readonly memoryMb?: number } {
  const text = headers['x-cff-instance-memory'];
  if (typeof text !== 'string' || text === '') return {};
  return { memoryMb: /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN };
}

type Route = { Params: { project: string; urn: string }; Body: Buffer | undefined };

/**
 * The event of a request, or the reference of an uploaded one.
 * @throws ApiError FSS.0400, FSS.0406.
 */
export function givenEvent(request: Pick<FastifyRequest, 'headers'> & { readonly body: Buffer | undefined }): {
  readonly payload: Buffer;
  readonly payloadRef?: string;
} {
  const payloadRef = request.headers['x-sendoff-payload-ref'];
  if (payloadRef === undefined) {
    const payload = eventOf(request);
    if (!isJsonObject(payload)) throw new ApiError('FSS.0406', 'the event must be a JSON object');
    return { payload };
  }
  if (typeof payloadRef !== 'string' || !isPayloadReference(payloadRef))
    throw new ApiError('FSS.0400', 'X-Sendoff-Payload-Ref must be the payload_ref of an upload');
  if (request.body !== undefined && request.body.length > 0)
    throw new ApiError('FSS.0400', 'a request with X-Sendoff-Payload-Ref must have no body');
  return { payload: Buffer.alloc(0), payloadRef };
}

/** The error for a reference that an invocation may not use. */
export function payloadRefused(reason: 'payload-unknown' | 'payload-expired'): ApiError {
  return reason === 'payload-unknown'
    ? new ApiError('FSS.0404', 'the function has no payload of this reference, or it was removed: upload it again')
    : new ApiError('FSS.0404', 'the payload was uploaded more than 24 h ago: upload it again');
}

async function acceptRequest(acceptor: Acceptor, clock: Clock, request: FastifyRequest<Route>): Promise<string> {
  const { project, urn } = request.params;
  refuseUnheeded(request.headers, asyncHeaders);
  const event = givenEvent(request);
  const delay = request.headers['x-sendoff-delay-seconds'];
  const idempotencyKey = idempotencyKeyOf(request.headers['idempotency-key']);
  const arrived = await acceptor.accept({
    requestId: newRequestId(clock.now()),
    functionName: urn,
    project,
    ...event,
    headers: request.headers,
    hops: 0,
    ...(typeof delay === 'string' ? { delaySeconds: /^\d{1,6}$/.test(delay) ? Number(delay) : Number.NaN } : {}),
    ...instanceMemoryOf(request.headers),
    ...traceparentOf(request.headers['traceparent']),
    ...tagsOf(request.headers['x-sendoff-tags']),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  if (arrived.kind === 'refused') throw refusalOf(arrived, urn);
  if (arrived.kind === 'paused') throw functionPaused('intake', arrived.since);
  return arrived.requestId;
}

const invokeAsyncPath = '/v2/:project/fgs/functions/:urn/invocations-async';

/** The raw route of this file, for the document. */
export const invocationRoutes: readonly DescribedRoute[] = [
  { method: 'post', path: invokeAsyncPath, operation: invocationOperations.invokeAsync },
];

/**
 * Adds `POST .../invocations-async`. It answers 202 only after Kafka has acknowledged the
 * invocation.
 */
export async function addInvocationRoute(
  fastify: FastifyInstance,
  acceptor: Acceptor,
  clock: Clock,
  logger: Logger,
): Promise<void> {
  await fastify.register(async (scope) => {
    takeBytes(scope);
    scope.setErrorHandler((thrown, _request, reply) => {
      const error =
        (thrown as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE'
          ? refusalOf({ kind: 'refused', reason: 'payload-too-large' }, '')
          : asApiError(thrown);
      if (error.status >= 500)
        logger.warn({ err: thrown, requestId: reply.getHeader('x-request-id') }, 'an invocation could not be accepted');
      sendError(reply, error);
    });
    scope.post<Route>(invokeAsyncPath, { config: { operation: invocationOperations.invokeAsync } }, async (request, reply) => {
      const requestId = await acceptRequest(acceptor, clock, request);
      return reply.status(202).header('content-type', 'application/json').send(`{"request_id":"${requestId}"}`);
    });
  });
}
