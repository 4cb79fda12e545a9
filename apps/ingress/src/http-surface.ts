/**
 * What holds for every request before a route sees it: a request id, who calls and whether the project is theirs, how bodies are read.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';
import { authenticate, type Authenticator } from './authenticator.ts';

const projectPath = /^\/v2\/([^/?]+)\//;

/** Sets a Fastify instance up; call it before any route is added. */
export function prepareHttp(fastify: FastifyInstance, authenticators: readonly Authenticator[]): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', randomUUID());
    const project = projectPath.exec(request.url)?.[1];
    if (project === undefined) return done();
    const answer = authenticate(authenticators, { method: request.method, url: request.url, headers: request.headers });
    if (answer.kind === 'unknown') return sendError(reply, new ApiError('FSS.0401', answer.reason));
    if (answer.caller.project !== project)
      return sendError(reply, new ApiError('FSS.0403', `the credentials are not of project ${project.slice(0, 64)}`));
    done();
  });
  // Clients send a JSON content type with empty bodies, on GET, DELETE and some POSTs.
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined);
    try {
      done(null, JSON.parse(body.toString('utf8')));
    } catch {
      done(new ApiError('FSS.0406', 'the body is not JSON'));
    }
  });
}
