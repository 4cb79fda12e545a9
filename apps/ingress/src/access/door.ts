/**
 * The door: what holds for every request before a controller or raw route handles it. It gives the
 * request an id, finds out who calls, compares the caller's rights with the spec of the route, and
 * parses the body.
 *
 * 1. The door looks at the route that the router matched, never at the text of the URL. The router
 *    decodes `%76` to `v` and drops the host of an absolute-form target. A check of the text once
 *    let `/%762/...` pass without credentials.
 * 2. A route needs credentials unless its {@link RouteSpec} says that it is open. No body is read
 *    for a path without a route.
 * 3. A signature covers the body, so the door verifies it when the whole body has arrived, before
 *    anything parses the body. All other checks run before the body is read. The route limits the
 *    size of the body, whoever sends it.
 * 4. While the process drains, every guarded route answers 503, before any other check.
 * 5. A caller without the right to read sees the fields of an answer that the route declares for
 *    it, and no others.
 * 6. Every error has the body of an API error and reveals nothing internal.
 */
import { isUtf8 } from 'node:buffer';
import { buffer } from 'node:stream/consumers';
import type { FastifyBodyParser, FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiCode } from '../http/api-codes.ts';
import { ApiError } from '../http/api-error.ts';
import { sendError } from '../http/api-error.filter.ts';
import { giveRequestId } from '../http/http-server.ts';
import { checkJsonBounds } from '../http/json-bounds.ts';
import { hasBody } from '../http/slow-bodies.ts';
import { deferContinue } from '../http/unread-body.ts';
import { authenticate, type Authenticated, type Authenticator } from './authenticator.ts';
import { refusalOf as accessRefusal } from './authorise.ts';
import { type FunctionWalls, wallsRefusal } from './function-walls.ts';
import { sha256Hex } from './signature.ts';

/** Dependencies of the door. */
export interface Door {
  readonly authenticators: readonly Authenticator[];
  /** Completes short function URNs. */
  readonly region: string;
  readonly walls: FunctionWalls;
  /** True if the operator declares that all code of functions is trusted. */
  readonly isCodeTrusted: boolean;
  /** Whether the process drains: requests that have begun may end, new ones are refused. */
  readonly isDraining: () => boolean;
  /** Called with the code of each refusal. Refusals are not logged: anyone could fill the log. */
  readonly turnedAway: (code: ApiCode) => void;
}

const emptyBodyHash = sha256Hex('');

/** No operation has more than a dozen. */
const queryParametersMax = 100;

/** The largest body of a GET or HEAD request. */
const unparsedBytesMax = 1_024;

/** Whether Fastify hands the body to a parser: it does not for GET and HEAD. */
function isParsed({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/**
 * Verifies a signature over a body that no parser reads: the Node SDK sends IAM a GET with a body,
 * and signs it.
 */
async function verifyUnparsed(request: FastifyRequest): Promise<ApiError | undefined> {
  const lengthBytes = Number(request.headers['content-length'] ?? Number.NaN);
  if (!(lengthBytes <= unparsedBytesMax))
    return new ApiError('FSS.0413', `the body of ${request.method} may have ${unparsedBytesMax} bytes, and must say how many`);
  const body = await buffer(request.raw).catch(() => undefined);
  return body === undefined
    ? new ApiError('FSS.0400', 'the body did not arrive whole')
    : request.verifySignature?.(sha256Hex(body));
}

/** Whether anyone may use the matched route. */
function isOpen({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url !== undefined && routeOptions.config.operation?.isOpen === true;
}

/**
 * Returns why an authenticated caller may not use the matched route; undefined if they may, or if
 * no route matched.
 */
function rightRefusal(
  { region, walls, isCodeTrusted }: Door,
  { caller, routeOptions, params }: FastifyRequest,
): ApiError | undefined {
  const { url, config } = routeOptions;
  if (url === undefined || caller === undefined) return undefined;
  const { operation } = config;
  if (operation === undefined || operation.isOpen) throw new Error(`the route ${url} has no right`);
  const refusal = accessRefusal(caller, operation, params as Record<string, string>, region);
  return refusal ?? wallsRefusal(caller, operation, walls, isCodeTrusted);
}

/** Stores the caller in the request. Returns why the request is refused, if it is. */
function admit(door: Door, request: FastifyRequest, answer: Authenticated): ApiError | undefined {
  if (answer.kind === 'known') request.caller = answer.caller;
  const refusal = answer.kind === 'unknown' ? answer.error : rightRefusal(door, request);
  if (refusal !== undefined) door.turnedAway(refusal.code);
  return refusal;
}

/**
 * Whether a request has exactly one Host header; HTTP/1.0 needs none.
 * @see RFC 9112, section 3.2
 */
function hasOneHost({ httpVersionMinor, headers, rawHeaders }: FastifyRequest['raw']): boolean {
  if (headers.host === undefined) return httpVersionMinor === 0;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts++;
  return hosts === 1;
}

/**
 * Returns why a request is refused on its head alone; undefined if it is not, or if its signature
 * has to be verified first.
 */
function headRefusal(door: Door, request: FastifyRequest): ApiError | undefined {
  if (!hasOneHost(request.raw)) return new ApiError('FSS.0400', 'the request must have exactly one Host header');
  if (isOpen(request)) return encodingRefusal(request);
  const route = request.routeOptions.url;
  // Unknown paths need no credentials, except below /v2: there an unauthenticated caller gets 401
  // whether or not the path exists.
  const refusal = route !== undefined || request.url.startsWith('/v2/') ? callerRefusal(door, request) : undefined;
  if (refusal !== undefined) return refusal;
  if (route === undefined) return new ApiError('FSS.0404', 'no such operation');
  return encodingRefusal(request) ?? queryRefusal(request.url);
}

/** Refuses a compressed body: limits and signatures are about the bytes that arrive. */
function encodingRefusal(request: FastifyRequest): ApiError | undefined {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'identity' || !hasBody(request)) return undefined;
  return new ApiError('FSS.0415', 'Content-Encoding is not supported; send the body without compression');
}

/**
 * Refuses a query with too many parameters, or with one that occurs twice. The canonical request
 * sorts the values of a name, so a signature does not fix their order. A proxy could swap two
 * values and so choose the one that counts.
 */
function queryRefusal(url: string): ApiError | undefined {
  const queryAt = url.indexOf('?');
  if (queryAt === -1) return undefined;
  const seen = new Set<string>();
  for (const name of new URLSearchParams(url.slice(queryAt)).keys()) {
    if (seen.has(name)) return new ApiError('FSS.0400', `the query has ${name.slice(0, 64)} more than once`);
    if (seen.size === queryParametersMax)
      return new ApiError('FSS.0400', `the query may have ${queryParametersMax} parameters; send fewer`);
    seen.add(name);
  }
  return undefined;
}

/**
 * Returns why the caller is refused, as far as the head tells. A signature over a body is left to
 * `request.verifySignature`.
 */
function callerRefusal(door: Door, request: FastifyRequest): ApiError | undefined {
  const { method, originalUrl, headers } = request;
  const answer = authenticate(door.authenticators, { method, url: originalUrl, headers });
  if (answer.kind !== 'unverified') return admit(door, request, answer);
  if (!hasBody(request)) return admit(door, request, answer.verify(emptyBodyHash));
  request.claim = answer.claim;
  if (answer.statedHash !== undefined) {
    const byHead = answer.verify(answer.statedHash);
    if (byHead.kind === 'unknown') return admit(door, request, byHead);
    request.isProvedByHead = true;
  }
  request.verifySignature = (payloadHash) => {
    request.verifySignature = undefined;
    return admit(door, request, answer.verify(payloadHash));
  };
  return undefined;
}

/**
 * Makes a body parser that verifies the signature first: the bytes of an unknown sender are hashed,
 * and nothing else.
 */
function parserOf(parse: (body: Buffer) => unknown): FastifyBodyParser<Buffer> {
  return (request, body, done) => {
    const refusal = request.verifySignature?.(sha256Hex(body));
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

/**
 * Parses JSON. Clients send a JSON content type with empty bodies, on GET, DELETE and some POSTs.
 */
function parsedJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw new ApiError('FSS.0406', 'the body is not JSON: it is not UTF-8');
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError('FSS.0406', 'the body is not JSON');
  }
  checkJsonBounds(json);
  return json;
}

function draining(): ApiError {
  return new ApiError('FSS.0503', 'this process is being stopped; try again', 1);
}

/** Hands the routes of a scope their bodies as bytes, whatever the content type. */
export function takeBytes(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    '*',
    { parseAs: 'buffer' },
    parserOf((body) => body),
  );
}

/**
 * Returns the part of an answer that a caller may see. A caller without the right to read gets the
 * fields that the route declares; request ids and errors are for everybody.
 */
function visibleTo({ caller, routeOptions }: FastifyRequest, answer: unknown): unknown {
  const { operation } = routeOptions.config;
  if (caller === undefined || operation === undefined || caller.rights.includes('read')) return answer;
  if (typeof answer !== 'object' || answer === null) return answer;
  const shown: readonly string[] = ['request_id', ...(operation.shownWithoutRead ?? [])];
  return Object.fromEntries(Object.entries(answer).filter(([field]) => shown.includes(field)));
}

/**
 * Adds the door to a Fastify instance; call it before any route is added, and after `requireSpecs`.
 */
export function addDoor(fastify: FastifyInstance, door: Door): void {
  deferContinue(fastify);
  fastify.decorateRequest('caller');
  fastify.decorateRequest('verifySignature');
  fastify.decorateRequest('isProvedByHead', false);
  fastify.decorateRequest('claim');
  fastify.addHook('onRequest', (request, reply, done) => {
    giveRequestId(reply);
    // Answer in the next turn, when a small body has arrived: then closing the connection does not
    // lose the answer.
    if (door.isDraining() && !isOpen(request)) return void setImmediate(() => sendError(reply, draining()));
    const refusal = headRefusal(door, request);
    if (refusal !== undefined) return sendError(reply, refusal);
    done();
  });
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (request.verifySignature === undefined || isParsed(request)) return done(null, payload);
    void verifyUnparsed(request).then((refusal) => (refusal === undefined ? done(null, payload) : sendError(reply, refusal)));
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    done(
      request.verifySignature === undefined
        ? undefined
        : new Error('a body parser did not verify the signature: make it with parserOf'),
    );
  });
  fastify.addHook('preSerialization', (request, reply, answer, done) => {
    done(null, reply.statusCode < 400 ? visibleTo(request, answer) : answer);
  });
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, parserOf(parsedJson));
}
