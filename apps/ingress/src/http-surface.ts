/**
 * What holds for every request before a route sees it: a request id, who calls and whether the project is theirs, how bodies are read.
 *
 * 1. What a request needs is told by the route it was matched to, never by its text: the router decodes `%76` to `v` and drops the host
 *    of an absolute-form target, so a look at the text let `/%762/...` pass without credentials.
 * 2. A route needs credentials unless it is named here as open.
 * 3. A signature covers the body, so it is judged when the body has come, and before anything else is done with it. What can be told
 *    without the body is told before it is read; how large it may be is the route's limit, whoever sends it.
 * 4. Whatever is answered, even to bytes that are no HTTP, has the body of an API error and no word of the inside.
 */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type {
  FastifyBodyParser,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifyHttpOptions,
  FastifyServerOptions,
  RawServerBase,
} from 'fastify';
import { documentRoutes } from './api-document.ts';
import { type ApiCode, ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';
import { authenticate, type Authenticated, type Authenticator } from './authenticator.ts';
import { refusalOf as accessRefusal } from './authorise.ts';
import { answerBroken } from './broken-requests.ts';
import type { Caller } from './caller.ts';
import { codeBodyBytesMax } from './large-bodies.ts';
import { arrivalMsMax } from './slow-bodies.ts';
import { linkRoutes } from './subscription-links.controller.ts';

/** Routes anyone may ask: probes and metrics, the document of the API, and the links that subscribers are sent. */
const openRoutes: ReadonlySet<string | undefined> = new Set([
  '/healthz',
  '/readyz',
  '/metrics',
  ...documentRoutes,
  ...linkRoutes,
]);

/** Bodies of the control plane. */
const bodyBytesMax = 1_048_576;

/** Settings of Fastify itself. */
export const httpOptions = {
  bodyLimit: bodyBytesMax,
  routerOptions: {
    maxParamLength: 512,
    /** One value a name, the last: what reads a query reads text. */
    querystringParser: (text) => (text === '' ? {} : Object.fromEntries(new URLSearchParams(text))),
  },
  http: { headersTimeout: 30_000 },
  /** The last resort: slow bodies are cut off long before it. */
  requestTimeout: arrivalMsMax(codeBodyBytesMax),
  connectionTimeout: 60_000,
  keepAliveTimeout: 65_000,
  frameworkErrors(_error, _request, reply) {
    void reply.header('x-request-id', randomUUID());
    sendError(reply as unknown as FastifyReply, new ApiError('FSS.0400', 'a part of the path is malformed or too long'));
  },
  clientErrorHandler(error, socket) {
    if ((error as { code?: string }).code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    answerBroken(socket, (error as { code?: string }).code ?? '');
  },
} as const satisfies FastifyServerOptions<RawServerBase> & Pick<FastifyHttpOptions<Server>, 'http'>;

/** How requests are let in. */
export interface Door {
  readonly authenticators: readonly Authenticator[];
  /** In short URNs. */
  readonly region: string;
  /** Told of each caller who is turned away; nothing is logged of them, for anyone may knock. */
  readonly turnedAway: (code: ApiCode) => void;
}

const noPayload = Buffer.alloc(0);

/** Will a parser be handed a body? Fastify reads none of GET and HEAD. */
function bringsBody({ method, headers }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Why a known caller may not do what the route is for; undefined where they may, or where there is no route. */
function routeRefusal({ method, routeOptions, params }: FastifyRequest, caller: Caller, region: string): ApiError | undefined {
  const { url: route } = routeOptions;
  return route === undefined
    ? undefined
    : accessRefusal(caller, { method, route, params: params as Record<string, string> }, region);
}

/** Notes who calls. @returns why they may not. */
function admit({ region, turnedAway }: Door, request: FastifyRequest, answer: Authenticated): ApiError | undefined {
  if (answer.kind === 'known') request.caller = answer.caller;
  const refusal = answer.kind === 'unknown' ? answer.error : routeRefusal(request, answer.caller, region);
  if (refusal !== undefined) turnedAway(refusal.code);
  return refusal;
}

/** Why a request may not go on; undefined where it may, or where its body must be read to tell. */
function refusalOf(door: Door, request: FastifyRequest): ApiError | undefined {
  const route = request.routeOptions.url;
  if (openRoutes.has(route)) return undefined;
  // Where there is no route there is nothing to guard; below /v2 the answer stays the same as for what is there.
  if (route === undefined && !request.url.startsWith('/v2/')) return undefined;
  const answer = authenticate(door.authenticators, { method: request.method, url: request.url, headers: request.headers });
  if (answer.kind !== 'unproved') return admit(door, request, answer);
  request.prove = (payload) => {
    request.prove = undefined;
    return admit(door, request, answer.prove(payload));
  };
  return bringsBody(request) ? undefined : request.prove(noPayload);
}

/** A parser of bodies: it sees one only once it is proved who sent it, so that a stranger's bytes are hashed and nothing else. */
export function parserOf(parse: (body: Buffer) => unknown): FastifyBodyParser<Buffer> {
  return (request, body, done) => {
    const refusal = request.prove?.(body);
    if (refusal !== undefined) return done(refusal);
    let parsed: unknown;
    try {
      parsed = parse(body);
    } catch (error) {
      return done(error as Error);
    }
    done(null, parsed);
  };
}

/** Clients send a JSON content type with empty bodies, on GET, DELETE and some POSTs. */
function parsedJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError('FSS.0406', 'the body is not JSON');
  }
}

/** Sets a Fastify instance up; call it before any route is added. */
export function prepareHttp(fastify: FastifyInstance, door: Door): void {
  fastify.decorateRequest('caller');
  fastify.decorateRequest('prove');
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', randomUUID());
    const refusal = refusalOf(door, request);
    if (refusal !== undefined) return sendError(reply, refusal);
    done();
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    done(request.prove === undefined ? undefined : new Error('a body was read by a parser that proves nobody: use parserOf'));
  });
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, parserOf(parsedJson));
}
