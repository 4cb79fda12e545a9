/**
 * The allowance of bodies: what requests may hold in memory at once, whoever they are from.
 *
 * 1. A body is counted before a byte of it is read: as much as it says, or all that its route takes
 *    where it does not say.
 * 2. Callers who are known before their body comes have an allowance that nobody else can use up; a
 *    signature is proved by the body, so whoever brings one shares another, of the same size, with
 *    all who only name a key.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';

/** Whose body it is: of a caller who is known, or who will be when the body has come. */
export type BodyOwner = 'known' | 'unproved';

const retryAfterSeconds = 1;

/** Bytes that are to be read of a body. */
function bytesToCome({ method, headers, routeOptions: { bodyLimit } }: FastifyRequest): number {
  if (method === 'GET' || method === 'HEAD') return 0;
  if (headers['transfer-encoding'] !== undefined) return bodyLimit;
  return Math.min(Number(headers['content-length'] ?? 0), bodyLimit);
}

/**
 * Bounds the bodies of all requests; call it once requests are asked who they are from, and before
 * any route is added.
 * @param bytesMax of each kind of owner; where it holds nothing, one body is taken however large.
 * @returns the bytes that are held.
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
