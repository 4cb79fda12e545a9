/**
 * The HTTP server under the API: its timeouts, and its answers to bytes that never become a
 * request.
 *
 * 1. A request has a fixed time to arrive; its body gets more time for each byte that came. A
 *    connection may be silent for a fixed time.
 * 2. Every answer from here has the body of an API error and a request id, like all other answers.
 */
import { randomUUID } from 'node:crypto';
import type { Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyServerOptions, RawServerBase } from 'fastify';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';
import { answerHeaders, bareAnswer, type Clock, setAnswerHeaders } from '#platform';
import { codeBodyBytesMax, paceMs } from './body-sizes.ts';

/** Timeouts of the server. */
export interface HttpPatience {
  /**
   * For the head of a request to arrive, and again for its body, before the time that the size of
   * the body adds.
   */
  readonly requestTimeoutMs: number;
  /** For a connection on which nothing moves in either direction. */
  readonly silenceTimeoutMs: number;
}

/** The limit of routes that declare none. */
const bodyBytesMax = 1_048_576;
/** Longer than proxies keep idle connections, so that the proxy closes them and not this server. */
const keepAliveTimeoutMs = 65_000;

/** An answer to bytes that are not a request that Fastify handles. */
interface BareAnswer {
  readonly status: string;
  readonly code: string;
  readonly message: string;
}

const tooSlow: BareAnswer = { status: '408 Request Timeout', code: 'FSS.0408', message: 'the request took too long to arrive' };
const crowdedOut: BareAnswer = {
  status: '429 Too Many Requests',
  code: 'FSS.0429',
  message: 'too much is being sent just now, and this body came slowest; try again',
};
/**
 * Answers to what the HTTP parser rejects, by the error code of Node. Any other code means that the
 * bytes are not HTTP.
 */
const brokenRequests: Readonly<Record<string, BareAnswer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: tooSlow,
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'FSS.0431',
    message: 'the URL and the headers are too large: all together may have 16 KB',
  },
};
const notHttp: BareAnswer = { status: '400 Bad Request', code: 'FSS.0400', message: 'the request is not HTTP' };
const noTunnel: BareAnswer = { status: '405 Method Not Allowed', code: 'FSS.0405', message: 'CONNECT is not offered' };

function bodyOf({ code, message }: Omit<BareAnswer, 'status'>): string {
  return JSON.stringify({ error_code: code, error_msg: message });
}

/** Writes an answer to a socket without a response object, and ends the connection. */
function answerBare(socket: Duplex, answer: BareAnswer): void {
  socket.end(bareText(answer), () => socket.destroy());
}

function bareText(answer: BareAnswer): string {
  return bareAnswer(answer.status, { 'Content-Type': 'application/json', 'X-Request-Id': randomUUID() }, bodyOf(answer));
}

/** Time for an answer to reach a client that still sends. */
const lingerMs = 1_000;

/** Answers before the request is over. If another answer has begun, only closes the connection. */
function answerEarly({ raw, request }: FastifyReply, clock: Clock, answer: BareAnswer): void {
  const { socket } = request.raw;
  if (raw.headersSent) return void socket.destroy();
  socket.end(bareText(answer));
  clock.setTimer(lingerMs, () => socket.destroy());
}

/** Answers 408 to a client that still sends its body, and closes the connection. */
export function answerTooSlow(reply: FastifyReply, clock: Clock): void {
  answerEarly(reply, clock, tooSlow);
}

/** Answers 429 to a client whose body gives way to faster ones, and closes the connection. */
export function answerCrowdedOut(reply: FastifyReply, clock: Clock): void {
  answerEarly(reply, clock, crowdedOut);
}

/**
 * Whether an answer is being written: bytes written now would become part of it, or a second
 * answer.
 */
function isAnswering(socket: Socket): boolean {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage?.headersSent === true;
}

/** Sets the header X-Request-Id. Fastify would send its name in lower case, not as documented. */
export function giveRequestId({ raw }: FastifyReply): void {
  raw.setHeader('X-Request-Id', randomUUID());
}

/** Returns the settings of Fastify and of the server it makes. */
export function httpOptions({ requestTimeoutMs, silenceTimeoutMs }: HttpPatience) {
  // A last resort: slow bodies are cut off long before it.
  const arrivalMs = 2 * requestTimeoutMs + paceMs(codeBodyBytesMax);
  return {
    bodyLimit: bodyBytesMax,
    routerOptions: {
      maxParamLength: 512,
      /** One value per name: the readers of a query expect text. */
      querystringParser: (text) => (text === '' ? {} : Object.fromEntries(new URLSearchParams(text))),
    },
    /**
     * Clients whose configured address ends in a slash send paths that begin with two. Signatures
     * are verified over the path as it was sent.
     */
    rewriteUrl: ({ url = '/' }) => url.replace(/^\/{2,}/, '/'),
    http: {
      // Node swaps the two if the timeout of the head is the longer one.
      headersTimeout: requestTimeoutMs,
      requestTimeout: arrivalMs,
      connectionsCheckingInterval: Math.ceil(requestTimeoutMs / 10),
      // Node's own answer has no body; the door checks Host instead.
      requireHostHeader: false,
    },
    requestTimeout: arrivalMs,
    connectionTimeout: silenceTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    frameworkErrors(_error, _request, reply) {
      const answer = reply as unknown as FastifyReply;
      giveRequestId(answer);
      setAnswerHeaders(answer.raw);
      sendError(answer, new ApiError('FSS.0400', 'a part of the path is malformed or too long'));
    },
    clientErrorHandler(error, socket) {
      const { code = '' } = error as { readonly code?: string };
      if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
      if (isAnswering(socket)) return socket.destroySoon();
      answerBare(socket, brokenRequests[code] ?? notHttp);
    },
  } as const satisfies FastifyServerOptions<RawServerBase> & { readonly http: ServerOptions };
}

/**
 * Replaces Node's own answers by answers of the API, and bounds the number of connections.
 * @param dropped called for each connection that is closed because too many are open.
 */
export function prepareServer(server: Server, connectionsMax: number, dropped: () => void): void {
  server.maxConnections = connectionsMax;
  server.on('drop', dropped);
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    answerBare(socket, noTunnel);
  });
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    const body = bodyOf({ code: 'FSS.0400', message: 'Expect may be 100-continue, and nothing else' });
    const own = { 'content-type': 'application/json', 'content-length': body.length, 'X-Request-Id': randomUUID() };
    response.writeHead(417, { ...answerHeaders, ...own, connection: 'close' }).end(body);
  });
}
