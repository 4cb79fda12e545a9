import type { FastifyInstance } from 'fastify';
import type { Clock } from './clock.ts';

/** Counts the HTTP requests that a service has received and not answered yet. */
export class RequestsInProgress {
  private count = 0;
  private onNone: (() => void) | undefined;

  /**
   * Counts the requests of every route. While the service drains, each response closes its
   * connection. If the client is still sending the request body, the connection stays open, because
   * the client could lose the response.
   */
  watch(fastify: FastifyInstance, isDraining: () => boolean): void {
    fastify.addHook('onRequest', (_request, reply, done) => {
      this.count++;
      reply.raw.once('close', () => {
        this.count--;
        if (this.count === 0) this.onNone?.();
      });
      done();
    });
    fastify.addHook('onSend', (request, reply, payload, done) => {
      if (isDraining() && request.raw.complete) void reply.header('connection', 'close');
      done(null, payload);
    });
  }

  /** Resolves once no request is in progress, or after `timeoutMs`. */
  async ended(clock: Clock, timeoutMs: number): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(timeoutMs, resolve);
      this.onNone = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
