import type { FastifyInstance } from 'fastify';
import { functionLogPath, type FunctionLogPage, type FunctionLogQuery } from '#contracts';
import { type InternalTokenCheck, internalTokenHeader } from '#platform';

/** Answers a question for the log of a function. */
export type ReadLog = (query: FunctionLogQuery) => Promise<FunctionLogPage>;

/** Adds the route on which the ingress asks for logs of functions. */
export async function addLogRoute(fastify: FastifyInstance, tokens: InternalTokenCheck, read: ReadLog): Promise<void> {
  await fastify.register(async (scope) => {
    scope.addHook('onRequest', (request, reply, done) => {
      if (!tokens.isValid(request.headers[internalTokenHeader])) return void reply.status(403).send();
      done();
    });
    scope.post<{ Body: FunctionLogQuery }>(functionLogPath, async (request) => read(request.body));
  });
}
