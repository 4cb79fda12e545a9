/**
 * Bodies that are not read yet, or never will be.
 *
 * 1. A client that waits for `100 Continue` is asked for its body when the head alone is no reason to refuse it.
 * 2. What still comes of a body when the answer is there is dropped, so that the answer gets through: a connection that is closed while the
 *    client writes is reset under it, and the answer with it. What is dropped is bounded, as is the time it has.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Of one body; past it the connection is cut. */
const droppedBytesMax = 16 * 1_048_576;

/** Requests whose client has not been asked for the body. */
const heldBack = new WeakSet<IncomingMessage>();

/** Has bodies asked for only when they are about to be read; call it before any route is added. */
export function askForBodies(fastify: FastifyInstance): void {
  const server: Server = fastify.server;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    heldBack.add(request);
    server.emit('request', request, response);
  });
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (heldBack.delete(request.raw)) reply.raw.writeContinue();
    done(null, payload);
  });
}

/** Sees to what is not read of the body, when an error is about to be sent. */
export function dropRest(reply: FastifyReply): void {
  const { raw } = reply.request;
  // Whether the body comes after all is the client's choice, and with it where its next request would begin.
  const isToBeClosed = heldBack.has(raw) || Number(raw.headers['content-length'] ?? 0) > droppedBytesMax;
  if (isToBeClosed) return void reply.header('connection', 'close');
  // Fastify closes the connection wherever a body was at fault.
  void reply.removeHeader('connection');
  if (raw.complete) return;
  let bytes = 0;
  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > droppedBytesMax) raw.socket.destroy();
  });
}
