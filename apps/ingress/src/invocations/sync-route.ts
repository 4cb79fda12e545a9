/**
 * Synchronous invocation: the caller waits while an executor runs the function. It is a raw route
 * of Fastify, so that bodies of megabytes stay bytes.
 *
 * 1. A call counts against the bound once its caller is authenticated, so strangers cannot use up
 *    the bound. Neither one access key nor one function can use it up: see {@link FairShare}.
 * 2. A call ends when the caller disconnects, its access key is disabled or deleted, or the wait is
 *    over, wherever the call is.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  boundIdOf,
  type CallAnswer,
  epochMs,
  type FunctionDocument,
  limits,
  type SteeringDocument,
  traceparentOf,
} from '#contracts';
import { callRefusalOf, chosenMemory } from '#lifecycle';
import { type Clock, FairShare, type Logger, type Tracing } from '#platform';
import type { DescribedRoute } from '../document/api-document.ts';
import { ApiError, callerGone, functionNotFound, functionPaused } from '../http/api-error.ts';
import { asApiError, sendError } from '../http/api-error.filter.ts';
import { stableRandom } from './stable-random.ts';
import type { CallOutcome, FunctionCalls } from './function-calls.ts';
import type { FunctionNames } from '../names/function-names.ts';
import { takeBytes } from '../access/door.ts';
import type { EndedKeys } from '../access/ended-keys.ts';
import { invocationOperations } from './invocation.operations.ts';
import { givenEvent, instanceMemoryOf, memoryUnknown, payloadRefused } from './invocation-route.ts';
import type { LargePayloads } from './large-payloads.ts';
import { refuseUnheeded, syncHeaders } from './sendoff-headers.ts';
import { type AnswerFormat, syncAnswer } from './sync-answer.ts';

/** Dependencies of the route. */
export interface SyncRouteParts {
  readonly names: FunctionNames;
  readonly calls: FunctionCalls;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keys: EndedKeys;
  readonly tracing: Tracing;
  readonly payloads: Pick<LargePayloads, 'read'>;
  readonly options: SyncRouteOptions;
}

/** Bounds of synchronous invocations. */
export interface SyncRouteOptions {
  /** Calls that run at once. Each may hold a payload and an answer of `limits.syncBytesMax`. */
  readonly callsMax: number;
  /** The longest wait for an answer. */
  readonly waitMs: number;
}

/** Time that a socket may be silent after the wait, so that a late answer still gets through. */
const socketGraceMs = 10_000;

type Route = { Params: { project: string; urn: string }; Body: Buffer | undefined };

const invokePath = '/v2/:project/fgs/functions/:urn/invocations';
const httpDoor = { 'http.request.method': 'POST', 'http.route': invokePath } as const;

/** The raw route of this file, for the document. */
export const syncRoutes: readonly DescribedRoute[] = [
  { method: 'post', path: invokePath, operation: invocationOperations.invoke },
];

/**
 * Adds `POST .../invocations`.
 * @returns a function that tells how many calls run.
 */
export async function addSyncRoute(fastify: FastifyInstance, parts: SyncRouteParts): Promise<() => number> {
  const { logger, options } = parts;
  const places = new FairShare(options.callsMax);
  await fastify.register(async (scope) => {
    takeBytes(scope);
    scope.addHook('preHandler', (request, reply, done) => {
      const { urn } = request.params as Route['Params'];
      const giveBack = places.take([`key ${request.caller?.accessKey ?? ''}`, `function ${functionOf(urn)}`]);
      if (giveBack === undefined) return sendError(reply, tooMany());
      reply.raw.once('close', giveBack);
      // A call may take longer than the server lets sockets be silent.
      request.raw.socket.setTimeout(options.waitMs + socketGraceMs);
      done();
    });
    scope.setErrorHandler((thrown, _request, reply) => {
      const isTooLarge = (thrown as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE';
      const error = isTooLarge ? payloadTooLarge() : asApiError(thrown);
      if (error.status >= 500)
        logger.warn({ err: thrown, requestId: reply.getHeader('x-request-id') }, 'a synchronous invocation failed');
      sendError(reply, error);
    });
    scope.post<Route>(invokePath, { config: { operation: invocationOperations.invoke } }, async (request, reply) => {
      const { status, headers, body } = await parts.tracing.during(
        { name: 'call', kind: 'server', ...traceparentOf(request.headers['traceparent']), attributes: () => httpDoor },
        async (traceparent) => invoke(parts, request, reply, traceparent),
        (answer) => ({ attributes: { 'http.response.status_code': answer.status } }),
      );
      // Some SDKs compare header names letter by letter, and Fastify would send them in lower case.
      for (const [name, value] of Object.entries(headers)) reply.raw.setHeader(name, value);
      return reply.status(status).send(body);
    });
  });
  return () => places.count;
}

/** All names of a function share its places: with or without a version, or another qualifier. */
function functionOf(urn: string): string {
  const parts = urn.split(':');
  return parts.length < 8 ? urn : parts.slice(0, 7).join(':');
}

function tooMany(): ApiError {
  return new ApiError('FSS.0429', 'too many synchronous calls are under way, in all or of this key or function; try again', 1);
}

async function invoke(
  { names, calls, clock, keys, options, payloads }: SyncRouteParts,
  request: FastifyRequest<Route>,
  reply: FastifyReply,
  traceparent: string | undefined,
) {
  const { project, urn } = request.params;
  refuseUnheeded(request.headers, syncHeaders);
  const given = givenEvent(request);
  const requestId = randomUUID();
  const {
    fullUrn,
    function: fn,
    alias,
    steering,
  } = names.choose(urn, project, { dice: stableRandom(requestId), headers: request.headers });
  const memory = instanceMemoryOf(request.headers);
  refuse(fn, urn, given.payload, memory);
  refusePaused(steering);
  const version = versionOf(request);
  // Functions may print user data: a caller sees the log only if it may read the function.
  const wantsLog = wantsLogOf(request) && request.caller?.rights.includes('read') === true;
  const payload = given.payloadRef === undefined ? given.payload : await uploaded(payloads, fullUrn, given.payloadRef);
  const call = {
    requestId,
    functionUrn: fullUrn,
    ...(alias === undefined ? {} : { alias: alias.name }),
    modifiedAt: fn.modifiedAt,
    functionId: boundIdOf(fn),
    giveUpAt: epochMs(clock.now() + options.waitMs),
    ...chosenMemory(fn, memory.memoryMb),
    ...traceparentOf(traceparent),
    ...(request.caller?.accessKey === undefined ? {} : { caller: request.caller.accessKey }),
  };
  const deadline = deadlineOf(reply, clock, options.waitMs);
  const unwatch = keys.watch(request.caller?.accessKey, deadline.revoke);
  try {
    deadline.signal.throwIfAborted();
    const answer = answerIn(await calls.call(call, payload, deadline.signal, fn.instancesMax));
    const isJson = fn.code.kind !== 'url' || isJsonText(answer.payload);
    const format: AnswerFormat = { requestId: call.requestId, version, wantsLog, isJson };
    return syncAnswer(answer, format);
  } catch (error) {
    if (deadline.isRevoked())
      throw new ApiError('APIG.0301', 'the access key was disabled or deleted during the call; the function may have run');
    if (deadline.isOver()) throw new ApiError('FSS.0504', `the function did not answer within ${options.waitMs / 1_000} s`);
    if (deadline.isLeft()) throw callerGone();
    throw error;
  } finally {
    unwatch();
    deadline.end();
  }
}

/** @throws ApiError FSS.0503, FSS.0429 if the function has not run; FSS.0502 if it may have run. */
function answerIn(outcome: CallOutcome): CallAnswer {
  switch (outcome.kind) {
    case 'answered':
      return outcome.answer;
    case 'no-executor':
      throw new ApiError('FSS.0503', 'no executor takes the call just now; try again', 1);
    case 'saturated':
      throw tooMany();
    case 'lost':
      throw new ApiError('FSS.0502', 'the answer was lost on its way; the function may have run');
    default:
      return outcome satisfies never;
  }
}

/** Makes a signal that aborts when the caller disconnects or is revoked, or the wait is over. */
function deadlineOf(reply: FastifyReply, clock: Clock, waitMs: number) {
  const controller = new AbortController();
  let isOver = false;
  let isRevoked = false;
  let isLeft = false;
  const timer = clock.setTimer(waitMs, () => {
    isOver = true;
    controller.abort();
  });
  const onClose = () => {
    isLeft = true;
    controller.abort();
  };
  // The caller may have disconnected while its uploaded event was read.
  if (reply.raw.destroyed) onClose();
  else reply.raw.once('close', onClose);
  return {
    signal: controller.signal,
    isOver: () => isOver,
    isRevoked: () => isRevoked,
    isLeft: () => isLeft,
    revoke: () => {
      isRevoked = true;
      controller.abort();
    },
    end: () => {
      timer.cancel();
      reply.raw.off('close', onClose);
    },
  };
}

/** @throws ApiError if the function cannot be called with this request. */
function refuse(fn: FunctionDocument, urn: string, payload: Buffer, memory: { readonly memoryMb?: number }): void {
  const refusal = callRefusalOf(fn, { payload, ...memory }, limits.syncBytesMax);
  switch (refusal) {
    case undefined:
      break;
    case 'function-unknown':
      throw functionNotFound(urn);
    case 'function-disabled':
      throw new ApiError('FSS.0429', 'Function Disabled');
    case 'payload-too-large':
      throw payloadTooLarge();
    case 'memory-unknown':
      throw memoryUnknown();
    default:
      refusal satisfies never;
  }
}

/** Reads an uploaded event. @throws ApiError FSS.0404; FSS.0413 for one that is too large. */
async function uploaded(payloads: SyncRouteParts['payloads'], functionUrn: string, reference: string): Promise<Buffer> {
  const payload = await payloads.read(functionUrn, reference);
  if (!Buffer.isBuffer(payload)) throw payloadRefused(payload);
  if (payload.length > limits.syncBytesMax) throw payloadTooLarge();
  return payload;
}

/**
 * A synchronous call needs both parts: no record of it could wait for the resume.
 * @throws ApiError FSS.0409.
 */
function refusePaused({ intake, execution }: Partial<SteeringDocument> = {}): void {
  if (intake !== undefined) throw functionPaused('intake', intake.since);
  if (execution !== undefined) throw functionPaused('execution', execution.since);
}

function payloadTooLarge(): ApiError {
  return new ApiError('FSS.0413', `the event of a synchronous invocation may have ${limits.syncBytesMax} bytes`);
}

/** @throws ApiError FSS.0400. */
function versionOf({ headers }: FastifyRequest<Route>): 'v0' | 'v1' {
  const version = headers['x-cff-request-version'];
  if (version === undefined || version === '' || version === 'v0') return 'v0';
  if (version === 'v1') return 'v1';
  throw new ApiError('FSS.0400', 'X-CFF-Request-Version must be v0 or v1');
}

/** @throws ApiError FSS.0400. */
function wantsLogOf({ headers }: FastifyRequest<Route>): boolean {
  const type = headers['x-cff-log-type'];
  if (type === undefined || type === '' || type === 'tail') return type === 'tail';
  throw new ApiError('FSS.0400', 'X-CFF-Log-Type must be tail, or empty');
}

function isJsonText(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
