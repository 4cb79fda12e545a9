/**
 * The HTTP server under the API: how long it is patient, and what it answers to bytes that never become a request.
 *
 * 1. A request has its time to arrive, its body more for each byte that came, and a connection may be silent for so long and no longer.
 * 2. Whatever is answered here has the body of an API error and a request id, as everywhere.
 */
import { randomUUID } from 'node:crypto';
import type { Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyServerOptions, RawServerBase } from 'fastify';
import { ApiError } from './api-error.ts';
import { sendError } from './api-error.filter.ts';
import { codeBodyBytesMax } from './large-bodies.ts';

/** How long a server waits. */
export interface HttpPatience {
  /** For the head of a request to arrive, and again for its body before its size is counted. */
  readonly requestTimeoutMs: number;
  /** While nothing moves on a connection, in either direction. */
  readonly silenceTimeoutMs: number;
}

/** About one Mbit/s: who sends a body at this pace is never cut off. */
const bytesPerSecondMin = 128 * 1_024;

/** What so many bytes may take, in milliseconds. */
export function paceMs(bytes: number): number {
  return Math.floor((bytes / bytesPerSecondMin) * 1_000);
}

/** Bodies of the control plane. */
const bodyBytesMax = 1_048_576;
/** Longer than proxies keep a connection for another request, so that it is they who close it. */
const keepAliveTimeoutMs = 65_000;

/** An answer before there is a request. */
interface BareAnswer {
  readonly status: string;
  readonly code: string;
  readonly message: string;
}

const tooSlow: BareAnswer = { status: '408 Request Timeout', code: 'FSS.0408', message: 'the request took too long to arrive' };
/** What the HTTP parser gave up, by Node's code; the rest is no HTTP. */
const brokenRequests: Readonly<Record<string, BareAnswer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: tooSlow,
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'FSS.0400',
    message: 'the headers are too large: all together may have 16 KB',
  },
};
const notHttp: BareAnswer = { status: '400 Bad Request', code: 'FSS.0400', message: 'the request is not HTTP' };
const noTunnel: BareAnswer = { status: '405 Method Not Allowed', code: 'FSS.0405', message: 'CONNECT is not offered' };

function bodyOf({ code, message }: Omit<BareAnswer, 'status'>): string {
  return JSON.stringify({ error_code: code, error_msg: message });
}

/** Writes an answer where there is nothing to write it with, and ends the connection. */
function answerBare(socket: Duplex, answer: BareAnswer): void {
  socket.end(bareText(answer), () => socket.destroy());
}

function bareText(answer: BareAnswer): string {
  const body = bodyOf(answer);
  const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nX-Request-Id: ${randomUUID()}`;
  return `HTTP/1.1 ${answer.status}\r\n${headers}\r\nConnection: close\r\n\r\n${body}`;
}

/** Tells whoever still writes a body that it took too long, and ends this side of the connection. */
export function answerTooSlow(socket: Socket): void {
  socket.end(bareText(tooSlow));
}

/** Is an answer on its way? What was written now would be read as a part of it, or as a second one. */
function isAnswering(socket: Socket): boolean {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage?.headersSent === true;
}

/** Spells the name as it is documented: Fastify would put it in lower case. */
export function giveRequestId({ raw }: FastifyReply): void {
  raw.setHeader('X-Request-Id', randomUUID());
}

/** Settings of Fastify and of the server it makes. */
export function httpOptions({ requestTimeoutMs, silenceTimeoutMs }: HttpPatience) {
  // The last resort: slow bodies are cut off long before it.
  const arrivalMs = 2 * requestTimeoutMs + paceMs(codeBodyBytesMax);
  return {
    bodyLimit: bodyBytesMax,
    routerOptions: {
      maxParamLength: 512,
      /** One value a name: what reads a query reads text. */
      querystringParser: (text) => (text === '' ? {} : Object.fromEntries(new URLSearchParams(text))),
    },
    /** Clients that are given an address with a slash at its end begin paths with two. What is signed is what came. */
    rewriteUrl: ({ url = '/' }) => url.replace(/^\/{2,}/, '/'),
    http: {
      // Node exchanges both where the one of the head is longer.
      headersTimeout: requestTimeoutMs,
      requestTimeout: arrivalMs,
      connectionsCheckingInterval: Math.ceil(requestTimeoutMs / 10),
      // Node's own answer has no body; the Host is looked at with the rest of the request.
      requireHostHeader: false,
    },
    requestTimeout: arrivalMs,
    connectionTimeout: silenceTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    frameworkErrors(_error, _request, reply) {
      const answer = reply as unknown as FastifyReply;
      giveRequestId(answer);
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

/** Has a server answer in our words where Node has its own, and bounds its connections. @param dropped told of each that was too many. */
export function prepareServer(server: Server, connectionsMax: number, dropped: () => void): void {
  server.maxConnections = connectionsMax;
  server.on('drop', dropped);
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    answerBare(socket, noTunnel);
  });
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    const body = bodyOf({ code: 'FSS.0400', message: 'Expect may be 100-continue, and nothing else' });
    const headers = { 'content-type': 'application/json', 'content-length': body.length, 'X-Request-Id': randomUUID() };
    response.writeHead(417, { ...headers, connection: 'close' }).end(body);
  });
}
