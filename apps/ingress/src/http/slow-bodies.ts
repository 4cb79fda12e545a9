/**
 * How long the body of a request may take to arrive. One number for all would either be too short for 50 MB over a slow line, or long enough
 * for anybody to keep a connection busy with next to nothing.
 *
 * B1. A body may take as long as any request, and a second more for each `bytesPerSecondMin` of it that came: who keeps the pace is never cut off.
 * B2. It counts whoever sends it and whatever it was answered: a refused body that trickles on is cut off too.
 */
import { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#platform';
import { answerTooSlow, paceMs } from './http-server.ts';

/** So that the answer gets through to whoever is still writing. */
const lingerMs = 1_000;

/** Cuts off bodies that come too slowly; call it before all other hooks. @param graceMs what any body may take. */
export function boundSlowBodies(fastify: FastifyInstance, clock: Clock, graceMs: number): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    // What was injected came over no socket, and came whole.
    if (announcesBody(request) && request.raw.socket instanceof Socket) watch(request, reply, clock, graceMs);
    done();
  });
}

function announcesBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function watch({ raw }: FastifyRequest, reply: FastifyReply, clock: Clock, graceMs: number): void {
  const { socket } = raw;
  const startedAt = clock.now();
  const bytesBefore = socket.bytesRead;
  const look = (): void => {
    if (raw.complete || socket.destroyed) return;
    const leftMs = startedAt + graceMs + paceMs(socket.bytesRead - bytesBefore) - clock.now();
    if (leftMs > 0) {
      timer = clock.setTimer(leftMs, look);
      return;
    }
    if (reply.raw.headersSent) return void socket.destroy();
    answerTooSlow(socket);
    clock.setTimer(lingerMs, () => socket.destroy());
  };
  let timer = clock.setTimer(graceMs, look);
  raw.once('close', () => timer.cancel());
}
