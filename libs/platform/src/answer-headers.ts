/**
 * Headers that every HTTP answer of every service has: no browser guesses its type, and no cache
 * keeps it. They are on errors as well, and on answers to bytes that are no request.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyServerOptions, RawServerBase } from 'fastify';

/** The headers, by name. */
export const answerHeaders = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' } as const;

/** Sets the headers. Fastify would send their names in lower case. */
export function setAnswerHeaders(response: ServerResponse): void {
  response.setHeader('X-Content-Type-Options', answerHeaders['X-Content-Type-Options']);
  response.setHeader('Cache-Control', answerHeaders['Cache-Control']);
}

/** Returns an answer as text, for a socket without a response object. It ends the connection. */
export function bareAnswer(status: string, headers: Readonly<Record<string, string>>, body: string): string {
  const all = { ...answerHeaders, ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`;
}

/** Sets the headers on the answer of every route, and of paths without one. */
export function secureAnswers(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (_request, reply, done) => {
    setAnswerHeaders(reply.raw);
    done();
  });
}

/** Answers to what never becomes a request, for a service that has no answers of its own. */
export const bareHttpOptions = {
  frameworkErrors(_error, _request, reply) {
    const answer = reply as unknown as FastifyReply;
    setAnswerHeaders(answer.raw);
    void answer.status(400).send();
  },
  clientErrorHandler(error, socket: Duplex) {
    const { code = '' } = error as { readonly code?: string };
    if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
    socket.end(bareAnswer(status, {}, ''), () => socket.destroy());
  },
} as const satisfies FastifyServerOptions<RawServerBase>;

/**
 * Answers an `Expect` that is not known, if the service does not. Node's own answer has no headers.
 */
export function answerExpectations(server: Server): void {
  if (server.listenerCount('checkExpectation') > 0) return;
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    response.writeHead(417, { ...answerHeaders, connection: 'close' }).end();
  });
}
