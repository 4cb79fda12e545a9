/**
 * What holds for every request before a route sees it: a request id, who calls and whether the project is theirs, how bodies are read.
 *
 * 1. What a request needs is told by the route it was matched to, never by its text: the router decodes `%76` to `v` and drops the host
 *    of an absolute-form target, so a look at the text let `/%762/...` pass without credentials.
 * 2. A route needs credentials unless it is named here as open.
 * 3. Whatever is answered, even to bytes that are no HTTP, has the body of an API error and no word of the inside.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions, RawServerBase } from 'fastify';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';
import { authenticate, type Authenticator } from './authenticator.ts';
import { linkRoutes } from './subscription-links.controller.ts';

/** Routes anyone may ask: probes and metrics, and the links that subscribers are sent. */
const openRoutes: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz', '/metrics', ...linkRoutes]);

/** Bodies of the control plane. */
const bodyBytesMax = 1_048_576;

/** Answers of the HTTP parser, by Node's code; the rest is 400. */
const brokenRequests: Readonly<Record<string, { readonly line: string; readonly code: string; readonly message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { line: '408 Request Timeout', code: 'FSS.0408', message: 'the request took too long to arrive' },
  HPE_HEADER_OVERFLOW: { line: '431 Request Header Fields Too Large', code: 'FSS.0400', message: 'the headers are too large' },
};
const notHttp = { line: '400 Bad Request', code: 'FSS.0400', message: 'the request is not HTTP' };

/** Settings of Fastify itself. */
export const httpOptions = {
  bodyLimit: bodyBytesMax,
  routerOptions: {
    maxParamLength: 512,
    /** One value a name, the last: what reads a query reads text. */
    querystringParser: (text) => (text === '' ? {} : Object.fromEntries(new URLSearchParams(text))),
  },
  requestTimeout: 30_000,
  connectionTimeout: 60_000,
  keepAliveTimeout: 65_000,
  frameworkErrors(_error, _request, reply) {
    void reply.header('x-request-id', randomUUID());
    sendError(reply as unknown as FastifyReply, new ApiError('FSS.0400', 'a part of the path is malformed or too long'));
  },
  clientErrorHandler(error, socket) {
    if ((error as { code?: string }).code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const { line, code, message } = brokenRequests[(error as { code?: string }).code ?? ''] ?? notHttp;
    const body = JSON.stringify({ error_code: code, error_msg: message });
    const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nX-Request-Id: ${randomUUID()}`;
    socket.end(`HTTP/1.1 ${line}\r\n${headers}\r\nConnection: close\r\n\r\n${body}`);
  },
} as const satisfies FastifyServerOptions<RawServerBase>;

/** Why a request may not go on; undefined where it may. */
function refusalOf(authenticators: readonly Authenticator[], request: FastifyRequest): ApiError | undefined {
  const route = request.routeOptions.url;
  if (openRoutes.has(route)) return undefined;
  // Where there is no route there is nothing to guard; below /v2 the answer stays the same as for what is there.
  if (route === undefined && !request.url.startsWith('/v2/')) return undefined;
  const answer = authenticate(authenticators, { method: request.method, url: request.url, headers: request.headers });
  if (answer.kind === 'unknown') return new ApiError('FSS.0401', answer.reason);
  const { project = '' } = request.params as { readonly project?: string };
  return route === undefined || project === answer.caller.project
    ? undefined
    : new ApiError('FSS.0403', `the credentials are not of project ${project.slice(0, 64)}`);
}

/** Sets a Fastify instance up; call it before any route is added. */
export function prepareHttp(fastify: FastifyInstance, authenticators: readonly Authenticator[]): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', randomUUID());
    const refusal = refusalOf(authenticators, request);
    if (refusal !== undefined) return sendError(reply, refusal);
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
