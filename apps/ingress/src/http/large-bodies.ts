/**
 * The routes that take code have a limit of their own, for a ZIP in Base64; and because each such body is held in memory whole, few are
 * taken at once.
 *
 * L1. Callers who are known before their body comes share places that no stranger can take.
 * L2. A signature is proved by the body, so that whoever brings one waits in places of their own until it is.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';

/** A ZIP of 50 MB in Base64, and the JSON around it. */
export const codeBodyBytesMax = 72 * 1_048_576;
/** What any route may take. */
const smallBytes = 1_048_576;
/** Of each kind of caller. */
const largeAtOnceMax = 2;
const retryAfterSeconds = 5;

const codeRoutes: ReadonlySet<string> = new Set([
  'POST /v2/:project/fgs/functions',
  'POST /v2/:project/fgs/functions/import',
  'PUT /v2/:project/fgs/functions/:urn/code',
]);

/** Lets the routes that take code have large bodies; call it before they are added. */
export function allowLargeBodies(fastify: FastifyInstance): void {
  const places = { known: new Set<FastifyRequest>(), unproved: new Set<FastifyRequest>() };
  const hold = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    // A body that does not say how large it is may be as large as it can.
    if (Number(request.headers['content-length'] ?? codeBodyBytesMax) <= smallBytes) return done();
    const held = request.prove === undefined ? places.known : places.unproved;
    if (held.size >= largeAtOnceMax)
      return sendError(reply, new ApiError('FSS.0429', 'api is busy now: other code is being uploaded', retryAfterSeconds));
    held.add(request);
    const letGo = () => void held.delete(request);
    // A caller who leaves in the middle closes without an end.
    reply.raw.once('finish', letGo).once('close', letGo);
    done();
  };
  fastify.addHook('onRoute', (route) => {
    if (![route.method].flat().some((method) => codeRoutes.has(`${method} ${route.url}`))) return;
    route.bodyLimit = codeBodyBytesMax;
    route.onRequest = [route.onRequest ?? [], hold].flat();
  });
}
