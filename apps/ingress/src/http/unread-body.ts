/**
 * Handles bodies that are not read yet, or never will be.
 *
 * 1. A client that sent `Expect: 100-continue` gets `100 Continue` only if the head alone is no
 *    reason to refuse the request.
 * 2. When an error is answered early, the rest of the body is read and dropped. Closing the
 *    connection while the client writes would reset it, and the client would lose the answer. Both
 *    the bytes dropped and the time for them are bounded.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Of one body; the connection is closed when more arrive. */
const droppedBytesMax = 16 * 1_048_576;

/** Requests whose client waits for `100 Continue`. */
const awaitingContinue = new WeakSet<IncomingMessage>();

/** Delays `100 Continue` until the body is about to be read; call it before any route is added. */
export function deferContinue(fastify: FastifyInstance): void {
  const server: Server = fastify.server;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    awaitingContinue.add(request);
    server.emit('request', request, response);
  });
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (awaitingContinue.delete(request.raw)) reply.raw.writeContinue();
    done(null, payload);
  });
}

/** Drops the unread rest of a body, when an error is about to be sent. */
export function drainUnreadBody(reply: FastifyReply): void {
  const { raw } = reply.request;
  // After `Expect: 100-continue` the client may or may not send the body. The server cannot know
  // where the next request starts, so it closes the connection (request smuggling).
  const isToBeClosed = awaitingContinue.has(raw) || Number(raw.headers['content-length'] ?? 0) > droppedBytesMax;
  if (isToBeClosed) return void reply.header('connection', 'close');
  // Fastify has set `connection: close` if the body caused the error.
  void reply.removeHeader('connection');
  if (raw.complete) return;
  let bytes = 0;
  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > droppedBytesMax) raw.socket.destroy();
  });
}
