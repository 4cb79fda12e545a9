/**
 * What holds for every request before a route sees it: a request id, who calls and whether the project is theirs, how bodies are read.
 *
 * 1. What a request needs is told by the route it was matched to, never by its text: the router decodes `%76` to `v` and drops the host
 *    of an absolute-form target, so a look at the text let `/%762/...` pass without credentials.
 * 2. A route needs credentials unless {@link Door.openRoutes} names it. Where there is none, no body is read.
 * 3. A signature covers the body, so it is judged when the body has come, and before anything else is done with it. What can be told
 *    without the body is told before it is read; how large it may be is the route's limit, whoever sends it.
 * 4. Whoever comes while the process is being stopped is told so, and to come again, before anything else is looked at.
 * 5. Whatever is answered has the body of an API error and no word of the inside.
 */
import { isUtf8 } from 'node:buffer';
import { buffer } from 'node:stream/consumers';
import type { FastifyBodyParser, FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiCode } from '../http/api-codes.ts';
import { ApiError } from '../http/api-error.ts';
import { sendError } from '../http/api-error.filter.ts';
import { authenticate, type Authenticated, type Authenticator } from './authenticator.ts';
import { refusalOf as accessRefusal } from './authorise.ts';
import type { Caller } from './caller.ts';
import { giveRequestId } from '../http/http-server.ts';
import { askForBodies } from '../http/unread-body.ts';

/** How requests are let in. */
export interface Door {
  readonly authenticators: readonly Authenticator[];
  /** Paths of the routes that need no credentials. */
  readonly openRoutes: ReadonlySet<string | undefined>;
  /** In short URNs. */
  readonly region: string;
  /** Is nobody let in any more? What is under way ends. */
  readonly isDraining: () => boolean;
  /** Told of each caller who is turned away; nothing is logged of them, for anyone may knock. */
  readonly turnedAway: (code: ApiCode) => void;
}

const noPayload = Buffer.alloc(0);

function bringsBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Of a body that no parser is handed. */
const unparsedBytesMax = 1_024;

/** Will a parser be handed the body? Fastify reads none of GET and HEAD. */
function isParsed({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** Proves a request by a body that no parser is handed: the Node SDK asks IAM by GET with one, and its signature covers it. */
async function provedUnparsed(request: FastifyRequest): Promise<ApiError | undefined> {
  const lengthBytes = Number(request.headers['content-length'] ?? Number.NaN);
  if (!(lengthBytes <= unparsedBytesMax))
    return new ApiError('FSS.0413', `the body of ${request.method} may have ${unparsedBytesMax} bytes, and must say how many`);
  const body = await buffer(request.raw).catch(() => undefined);
  return body === undefined ? new ApiError('FSS.0400', 'the body did not arrive whole') : request.prove?.(body);
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

/** Does a request say in one way which host it is for? HTTP/1.0 need not. @see RFC 9112, section 3.2 */
function hasOneHost({ httpVersionMinor, headers, rawHeaders }: FastifyRequest['raw']): boolean {
  if (headers.host === undefined) return httpVersionMinor === 0;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts++;
  return hosts === 1;
}

/** Why a request may not go on; undefined where it may, or where its body must be read to tell. */
function refusalOf(door: Door, request: FastifyRequest): ApiError | undefined {
  if (!hasOneHost(request.raw)) return new ApiError('FSS.0400', 'the header Host must be there, once');
  const route = request.routeOptions.url;
  if (door.openRoutes.has(route)) return undefined;
  // Where there is no route there is nothing to guard; below /v2 who is not known is told so, as for what is there.
  const refusal = route !== undefined || request.url.startsWith('/v2/') ? callerRefusal(door, request) : undefined;
  if (refusal !== undefined) return refusal;
  if (route === undefined) return new ApiError('FSS.0404', 'no such operation');
  const repeated = repeatedName(request.url);
  return repeated === undefined ? undefined : new ApiError('FSS.0400', `the query has ${repeated.slice(0, 64)} more than once`);
}

/** A signature does not say in which order the values of a name stand, so that whoever is in between could choose the one that counts. */
function repeatedName(url: string): string | undefined {
  const queryAt = url.indexOf('?');
  if (queryAt === -1) return undefined;
  const seen = new Set<string>();
  for (const name of new URLSearchParams(url.slice(queryAt)).keys()) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

/** Why the caller is turned away, as far as it can be told before the body has come. */
function callerRefusal(door: Door, request: FastifyRequest): ApiError | undefined {
  const { method, originalUrl, headers } = request;
  const answer = authenticate(door.authenticators, { method, url: originalUrl, headers });
  if (answer.kind !== 'unproved') return admit(door, request, answer);
  if (!bringsBody(request)) return admit(door, request, answer.prove(noPayload));
  request.prove = (payload) => {
    request.prove = undefined;
    return admit(door, request, answer.prove(payload));
  };
  return undefined;
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
  if (!isUtf8(body)) throw new ApiError('FSS.0406', 'the body is not JSON: it is not UTF-8');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError('FSS.0406', 'the body is not JSON');
  }
}

function beingStopped(): ApiError {
  return new ApiError('FSS.0503', 'this process is being stopped; try again', 1);
}

/** Sets a Fastify instance up; call it before any route is added. */
export function prepareHttp(fastify: FastifyInstance, door: Door): void {
  askForBodies(fastify);
  fastify.decorateRequest('caller');
  fastify.decorateRequest('prove');
  fastify.addHook('onRequest', (request, reply, done) => {
    giveRequestId(reply);
    // A moment later, when a small body has come: then the connection can be closed without the answer being lost.
    if (door.isDraining() && !door.openRoutes.has(request.routeOptions.url))
      return void setImmediate(() => sendError(reply, beingStopped()));
    const refusal = refusalOf(door, request);
    if (refusal !== undefined) return sendError(reply, refusal);
    done();
  });
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (request.prove === undefined || isParsed(request)) return done(null, payload);
    void provedUnparsed(request).then((refusal) => (refusal === undefined ? done(null, payload) : sendError(reply, refusal)));
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    done(request.prove === undefined ? undefined : new Error('a body was read by a parser that proves nobody: use parserOf'));
  });
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, parserOf(parsedJson));
}
