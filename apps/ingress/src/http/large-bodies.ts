/**
 * Routes that take code read bodies of up to 72 MiB: a ZIP in Base64. Each body is in memory whole,
 * so few are taken at once.
 *
 * L1. Callers that are known before their body arrives have places of their own, which no stranger
 *     can take.
 * L2. A signed request whose caller only its body proves has another place. It keeps this place
 *     until it is answered.
 * L3. If no place is free, the slowest body gives way: a stranger's always, a known caller's if it
 *     is slower than a body may be. So nobody holds a place by sending nothing.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Clock } from '#platform';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';
import { type ArrivingBody, slowestOf } from './arriving-bodies.ts';
import { isUnproved, watchBody } from './body-allowance.ts';
import { bytesPerSecondMin, codeBodyBytesMax, smallBodyBytesMax } from './body-sizes.ts';

/** Large bodies at once, of callers that are known, and of others. */
const largeAtOnceMax = { known: 2, unproved: 8 } as const;
const retryAfterSeconds = 5;

/**
 * Bounds the large bodies that routes with a file field read at once. Call it before the routes are
 * added, and after `requireSpecs`.
 */
export function boundLargeBodies(fastify: FastifyInstance, clock: Clock): void {
  const places = { known: new Set<ArrivingBody>(), unproved: new Set<ArrivingBody>() };
  const hold = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    // A body without a content length may be as large as the limit.
    if (Number(request.headers['content-length'] ?? codeBodyBytesMax) <= smallBodyBytesMax) return done();
    const owner = isUnproved(request) ? 'unproved' : 'known';
    const held = places[owner];
    if (held.size >= largeAtOnceMax[owner]) {
      const slowest = slowestOf(held);
      if (slowest === undefined || (owner === 'known' && slowest.rate() >= bytesPerSecondMin))
        return sendError(reply, new ApiError('FSS.0429', 'api is busy now: other code is being uploaded', retryAfterSeconds));
      held.delete(slowest);
      slowest.giveWay();
    }
    const body = watchBody(request, reply, clock);
    held.add(body);
    const release = () => void held.delete(body);
    // Of a caller who disconnects in the middle, only `close` comes.
    reply.raw.once('finish', release).once('close', release);
    done();
  };
  fastify.addHook('onRoute', (route) => {
    if (route.config?.operation?.fileField === undefined) return;
    route.onRequest = [route.onRequest ?? [], hold].flat();
  });
}
