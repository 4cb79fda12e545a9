import type { FastifyInstance } from 'fastify';
import type { Clock } from './clock.ts';

/** The HTTP requests of a service that have come and are not answered yet. */
export class RequestsUnderWay {
  private count = 0;
  private whenNone: (() => void) | undefined;

  /**
   * Watches every route of a server. Once the service is told to stop, each answer closes its connection, but where a body is still to come:
   * closed under a client that writes, it would take the answer with it.
   */
  watch(fastify: FastifyInstance, isDraining: () => boolean): void {
    fastify.addHook('onRequest', (_request, reply, done) => {
      this.count++;
      reply.raw.once('close', () => {
        this.count--;
        if (this.count === 0) this.whenNone?.();
      });
      done();
    });
    fastify.addHook('onSend', (request, reply, payload, done) => {
      if (isDraining() && request.raw.complete) void reply.header('connection', 'close');
      done(null, payload);
    });
  }

  /** Resolves when none is under way, or when the time is over. */
  async ended(clock: Clock, patienceMs: number): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(patienceMs, resolve);
      this.whenNone = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
