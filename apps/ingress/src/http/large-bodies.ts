/**
 * Routes that take code read bodies of up to 72 MiB: a ZIP in Base64. Each body is in memory whole,
 * so few are taken at once.
 *
 * L1. Callers that are known before their body arrives have places of their own, which no stranger
 *     can take.
 * L2. A signed request waits in other places until the body has arrived and its signature is
 *     verified.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';
import { smallBodyBytesMax } from './file-bodies.ts';

/** A ZIP of 50 MB in Base64, and the JSON around it. */
export const codeBodyBytesMax = 72 * 1_048_576;
/** Large bodies at once, of each kind of caller. */
const largeAtOnceMax = 2;
const retryAfterSeconds = 5;

/**
 * Bounds the large bodies that routes with a file field read at once. Call it before the routes are
 * added, and after `requireSpecs`.
 */
export function boundLargeBodies(fastify: FastifyInstance): void {
  const places = { known: new Set<FastifyRequest>(), unverified: new Set<FastifyRequest>() };
  const hold = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    // A body without a content length may be as large as the limit.
    if (Number(request.headers['content-length'] ?? codeBodyBytesMax) <= smallBodyBytesMax) return done();
    const held = request.verifySignature === undefined ? places.known : places.unverified;
    if (held.size >= largeAtOnceMax)
      return sendError(reply, new ApiError('FSS.0429', 'api is busy now: other code is being uploaded', retryAfterSeconds));
    held.add(request);
    const release = () => void held.delete(request);
    // Of a caller who disconnects in the middle, only `close` comes.
    reply.raw.once('finish', release).once('close', release);
    done();
  };
  fastify.addHook('onRoute', (route) => {
    if (route.config?.operation?.fileField === undefined) return;
    route.onRequest = [route.onRequest ?? [], hold].flat();
  });
}
