/**
 * Bounds the bytes of all request bodies in memory at once.
 *
 * 1. The body of a known caller is counted before its first byte is read. It counts with its
 *    content length, or with the limit of its route if it has none. One that does not fit is
 *    refused.
 * 2. The body of a signed request is counted as it arrives, in a budget of its own. Its caller is
 *    unknown until all of it came, so it may be anybody's. Too many bytes there make the slowest
 *    body give way. So half-sent bodies of strangers never keep a signed caller out.
 * 3. A signed request that states the hash of its body is proved by its head. It counts as known.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Clock, onClose } from '#platform';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';
import { type ArrivingBody, markEnd, SocketBody, UnprovedBodies } from './arriving-bodies.ts';
import { answerCrowdedOut } from './http-server.ts';

/** The budget that a body counts for: its caller is known, or its signature is not verified yet. */
export type BodyOwner = 'known' | 'unproved';

/** Bounds of the bodies in memory. */
export interface BodyLimits {
  /** Of each budget; an empty budget takes one body of any size. */
  readonly bytesMax: number;
  /** Bodies of callers that are not proved yet. */
  readonly unprovedMax: number;
}

/** The body of a signed request: unproved at first, and then one of a known caller. */
interface CountedBody {
  readonly body: ArrivingBody;
  /** Bytes that count as those of a known caller; 0 while it is unproved. */
  knownBytes: number;
  isClosed: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The body while its caller is unproved. If it stayed here, requests would hold each other in
     * memory until a full collection: garbage then takes 15 us more of each.
     */
    countedBody: CountedBody | undefined;
  }
}

const retryAfterSeconds = 1;

/** Returns how many bytes of the body will be read, at most. */
function bytesToCome({ method, headers, routeOptions: { bodyLimit } }: FastifyRequest): number {
  if (method === 'GET' || method === 'HEAD') return 0;
  if (headers['transfer-encoding'] !== undefined) return bodyLimit;
  return Math.min(Number(headers['content-length'] ?? 0), bodyLimit);
}

/** Whether the caller of a request is still to be proved by its body. */
export function isUnproved({ verifySignature, isProvedByHead }: FastifyRequest): boolean {
  return verifySignature !== undefined && !isProvedByHead;
}

/**
 * Watches the body of a request arrive. To give way, it answers 429 in place of the request, and
 * closes the connection.
 */
export function watchBody(request: FastifyRequest, reply: FastifyReply, clock: Clock): ArrivingBody {
  return new SocketBody(request, clock, bytesToCome(request), () => answerCrowdedOut(reply, clock));
}

/**
 * Bounds the bodies of all requests; call it after the door is added, and before any route is.
 * @returns the bytes in memory now, by budget.
 */
export function boundBodies(fastify: FastifyInstance, clock: Clock, limits: BodyLimits): () => Record<BodyOwner, number> {
  let known = 0;
  const unproved = new UnprovedBodies(clock, { bytesMax: limits.bytesMax, bodiesMax: limits.unprovedMax });
  fastify.decorateRequest('countedBody');
  const close = (counted: CountedBody): void => {
    counted.isClosed = true;
    unproved.delete(counted.body);
    known -= counted.knownBytes;
  };
  fastify.addHook('onRequest', (request, reply, done) => {
    markEnd(request, reply);
    const bytes = bytesToCome(request);
    if (bytes === 0) return done();
    if (isUnproved(request)) {
      const counted = { body: watchBody(request, reply, clock), knownBytes: 0, isClosed: false };
      request.countedBody = counted;
      onClose(reply.raw, () => close(counted));
      unproved.add(counted.body);
      return done();
    }
    if (known > 0 && known + bytes > limits.bytesMax)
      return sendError(reply, new ApiError('FSS.0429', 'too much is being sent just now; try again', retryAfterSeconds));
    known += bytes;
    onClose(reply.raw, () => (known -= bytes));
    done();
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    const { countedBody: counted } = request;
    request.countedBody = undefined;
    // Nothing would count a body out again whose request has closed.
    if (counted !== undefined && !counted.isClosed) {
      unproved.delete(counted.body);
      counted.knownBytes = counted.body.bytes();
      known += counted.knownBytes;
    }
    done();
  });
  return () => ({ known, unproved: unproved.bytes });
}
