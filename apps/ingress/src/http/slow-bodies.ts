/**
 * Bounds the time that the body of a request may take to arrive. One timeout for all bodies would
 * be too short for 50 MB over a slow line. A longer one would let anybody keep a connection busy
 * with a few bytes.
 *
 * B1. A body may take the time of any request, and 1 s more for each `bytesPerSecondMin` bytes that
 *     arrived. A client that sends at that rate is never cut off.
 * B2. The bound holds for every body, also for one that was refused already.
 */
import { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Clock, onClose } from '#platform';
import { paceMs } from './body-sizes.ts';
import { answerTooSlow } from './http-server.ts';

/**
 * Cuts off bodies that arrive too slowly; call it before all other hooks are added.
 * @param graceMs time that any body may take.
 */
export function boundSlowBodies(fastify: FastifyInstance, clock: Clock, graceMs: number): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    // An injected request has no socket, and its body is complete.
    if (hasBody(request) && request.raw.socket instanceof Socket) watch(request, reply, clock, graceMs);
    done();
  });
}

/** Whether the head of a request announces a body. */
export function hasBody({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function watch({ raw }: FastifyRequest, reply: FastifyReply, clock: Clock, graceMs: number): void {
  const { socket } = raw;
  const startedAt = clock.elapsedMs();
  const bytesBefore = socket.bytesRead;
  const look = (): void => {
    if (raw.complete || socket.destroyed) return;
    const leftMs = startedAt + graceMs + paceMs(socket.bytesRead - bytesBefore) - clock.elapsedMs();
    if (leftMs > 0) {
      timer = clock.setTimer(leftMs, look);
      return;
    }
    answerTooSlow(reply, clock);
  };
  let timer = clock.setTimer(graceMs, look);
  onClose(raw, () => timer.cancel());
}
