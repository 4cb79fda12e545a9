/**
 * The route on which the ingress requests synchronous calls. It is a plain Fastify route, because a
 * payload of several MB must stay the bytes that arrived.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import {
  bareUrnOf,
  callHeader,
  callPath,
  callReportBytesHeader,
  decodeCallRequest,
  encodeCallAnswer,
  limits,
  PlatformError,
} from '#contracts';
import { FairShare, type InternalTokenCheck, internalTokenHeader, type Logger } from '#platform';
import type { SyncCalls } from './sync-calls.ts';

/** Parts of the route. */
export interface CallRouteParts {
  readonly calls: SyncCalls;
  /** Checks who calls. */
  readonly tokens: InternalTokenCheck;
  /**
   * The most calls at once, with those that wait. Neither one function nor one key can take all.
   * Each may hold a payload and an answer of `limits.syncBytesMax` bytes each.
   */
  readonly callsMax: number;
  /** True while the executor stops: it refuses new calls, so that another executor takes them. */
  /** True while the process ends or its clock is refused. */
  readonly takesNoCalls: () => boolean;
  readonly logger: Logger;
}

/**
 * Statuses of requests that end without an answer of the contract. `notHere` promises that the
 * function did not run.
 */
const status = { forbidden: 403, tooMany: 429, malformed: 400, notHere: 503, fault: 500 } as const;

/** The calls that a route holds now. */
export interface CallsUnderWay {
  readonly count: () => number;
}

/** Adds the route. It checks the token of the caller before it reads a body. */
export async function addCallRoute(
  fastify: FastifyInstance,
  { calls, tokens, callsMax, takesNoCalls, logger }: CallRouteParts,
): Promise<CallsUnderWay> {
  const places = new FairShare(callsMax);
  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: limits.syncBytesMax }, (_request, body, done) =>
      done(null, body),
    );
    scope.addHook('onRequest', (request, reply, done) => {
      if (!tokens.isValid(request.headers[internalTokenHeader])) return void reply.status(status.forbidden).send();
      const giveBack = places.take(holdersOf(request.headers[callHeader]));
      if (giveBack === undefined) return void reply.status(status.tooMany).send();
      reply.raw.once('close', giveBack);
      done();
    });
    scope.setErrorHandler((error, request, reply) => {
      // The caller of the ingress hung up, and so did the ingress, before the payload was read.
      const isLeft = request.raw.readableAborted;
      if (!(error instanceof PlatformError) && !isLeft) logger.error({ err: error }, 'a call failed');
      return reply.status(statusOf(error)).send();
    });
    scope.post<{ Body: Buffer | undefined }>(callPath, async (request, reply) => {
      // Answered after the body is read: a client that still writes would see a lost connection.
      if (takesNoCalls()) return reply.status(status.notHere).send();
      const asked = request.headers[callHeader];
      const call = decodeCallRequest(typeof asked === 'string' ? asked : '');
      const answer = await calls.call(call, request.body ?? Buffer.alloc(0), goneSignal(reply));
      const { body, reportBytes } = encodeCallAnswer(answer);
      return reply
        .header(callReportBytesHeader, String(reportBytes))
        .header('content-type', 'application/octet-stream')
        .send(body);
    });
  });
  return { count: () => places.count };
}

/** The function of a call shares the places with others. A malformed call is refused later. */
function holdersOf(asked: string | string[] | undefined): readonly string[] {
  try {
    const { functionUrn, caller = '' } = decodeCallRequest(typeof asked === 'string' ? asked : '');
    return [`function ${bareUrnOf(functionUrn)}`, `key ${caller}`];
  } catch {
    return [];
  }
}

/** Aborts if the client closes the connection before the answer is written. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const hungUp = () => {
    if (!reply.raw.writableFinished) gone.abort();
  };
  reply.raw.once('close', hungUp);
  // The ingress never closes one half of a connection only. Its end is read before the `close`.
  reply.raw.socket?.once('end', hungUp);
  return gone.signal;
}

function statusOf(error: unknown): number {
  if (error instanceof PlatformError) return error.retryable ? status.notHere : status.malformed;
  return (error as { statusCode?: number } | null)?.statusCode ?? status.fault;
}
