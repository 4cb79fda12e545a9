/**
 * Where the ingress asks for synchronous calls. It is Fastify's own route: a payload of megabytes
 * stays the bytes that came.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import {
  callHeader,
  callPath,
  callReportBytesHeader,
  decodeCallRequest,
  encodeCallAnswer,
  limits,
  PlatformError,
} from '#contracts';
import { isSameSecret, type Logger } from '#platform';
import type { SyncCalls } from './sync-calls.ts';

/** What the route works with. */
export interface CallRouteParts {
  readonly calls: SyncCalls;
  /** The secret between the services. */
  readonly internalToken: string;
  /**
   * Calls at once, waiting ones included: each may hold a payload and an answer of
   * `limits.syncBytesMax`.
   */
  readonly callsMax: number;
  /** Are new calls left to other executors? */
  readonly isDraining: () => boolean;
  readonly logger: Logger;
}

/**
 * Statuses of what the contract has no ending for; `notHere` promises that the function was not
 * run.
 */
const status = { forbidden: 403, tooMany: 429, malformed: 400, notHere: 503, fault: 500 } as const;

/** Calls under way on one route. */
export interface CallsUnderWay {
  readonly count: () => number;
}

/**
 * Adds the route. Nobody but the services knows the secret; it is asked for before a body is read.
 */
export async function addCallRoute(
  fastify: FastifyInstance,
  { calls, internalToken, callsMax, isDraining, logger }: CallRouteParts,
): Promise<CallsUnderWay> {
  let count = 0;
  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: limits.syncBytesMax }, (_request, body, done) =>
      done(null, body),
    );
    scope.addHook('onRequest', (request, reply, done) => {
      const secret = request.headers['x-sendoff-internal'];
      if (!isSameSecret(typeof secret === 'string' ? secret : '', internalToken))
        return void reply.status(status.forbidden).send();
      if (count >= callsMax) return void reply.status(status.tooMany).send();
      count++;
      reply.raw.once('close', () => count--);
      done();
    });
    scope.setErrorHandler((error, _request, reply) => {
      if (!(error instanceof PlatformError)) logger.error({ err: error }, 'a call failed');
      return reply.status(statusOf(error)).send();
    });
    scope.post<{ Body: Buffer | undefined }>(callPath, async (request, reply) => {
      // Said once the body is read: whoever is still writing it would take the answer for a lost
      // connection.
      if (isDraining()) return reply.status(status.notHere).send();
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
  return { count: () => count };
}

/** Aborts when whoever asked is gone before there was an answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

function statusOf(error: unknown): number {
  if (error instanceof PlatformError) return error.retryable ? status.notHere : status.malformed;
  return (error as { statusCode?: number } | null)?.statusCode ?? status.fault;
}
