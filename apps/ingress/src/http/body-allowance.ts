/**
 * Bounds the bytes of all request bodies in memory at once.
 *
 * 1. A body is counted before its first byte is read: by its content length, or by the limit of its
 *    route if it has none.
 * 2. Requests whose caller is known and signed requests have budgets of equal size. The caller of a
 *    signed request is unknown until the body has been read. So strangers who only name an access
 *    key cannot use up the budget of others.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';

/** The budget that a body counts for: its caller is known, or its signature is not verified yet. */
export type BodyOwner = 'known' | 'unproved';

const retryAfterSeconds = 1;

/** Returns how many bytes of the body will be read, at most. */
function bytesToCome({ method, headers, routeOptions: { bodyLimit } }: FastifyRequest): number {
  if (method === 'GET' || method === 'HEAD') return 0;
  if (headers['transfer-encoding'] !== undefined) return bodyLimit;
  return Math.min(Number(headers['content-length'] ?? 0), bodyLimit);
}

/**
 * Bounds the bodies of all requests; call it after the door is added, and before any route is.
 * @param bytesMax of each budget; an empty budget takes one body of any size.
 * @returns the bytes in memory now, by budget.
 */
export function boundBodies(fastify: FastifyInstance, bytesMax: number): Readonly<Record<BodyOwner, number>> {
  const held: Record<BodyOwner, number> = { known: 0, unproved: 0 };
  fastify.addHook('onRequest', (request, reply, done) => {
    const bytes = bytesToCome(request);
    if (bytes === 0) return done();
    const owner = request.verifySignature === undefined ? 'known' : 'unproved';
    if (held[owner] > 0 && held[owner] + bytes > bytesMax)
      return sendError(reply, new ApiError('FSS.0429', 'too much is being sent just now; try again', retryAfterSeconds));
    held[owner] += bytes;
    reply.raw.once('close', () => (held[owner] -= bytes));
    done();
  });
  return held;
}
