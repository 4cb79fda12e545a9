import type { FastifyInstance } from 'fastify';
import type { Clock } from './basics/clock.ts';
import { onClose } from './on-close.ts';

/**
 * An idle connection stays open this long while the service drains, because its client may be about
 * to send a request. The answer to that request closes the connection, so the client sees no reset.
 */
const idleConnectionMs = 250;

/** Counts the HTTP requests that a service has received and not answered yet. */
export class RequestsInProgress {
  private count = 0;
  private connections = 0;
  private onChange: (() => void) | undefined;

  /**
   * Counts the requests of every route. While the service drains, each response closes its
   * connection. If the client is still sending the request body, the connection stays open, because
   * the client could lose the response.
   */
  watch(fastify: FastifyInstance, isDraining: () => boolean): void {
    fastify.server.on('connection', (socket) => {
      this.connections++;
      socket.once('close', () => {
        this.connections--;
        this.onChange?.();
      });
    });
    fastify.addHook('onRequest', (_request, reply, done) => {
      this.count++;
      onClose(reply.raw, () => {
        this.count--;
        this.onChange?.();
      });
      done();
    });
    fastify.addHook('onSend', (request, reply, payload, done) => {
      if (isDraining() && request.raw.complete) void reply.header('connection', 'close');
      done(null, payload);
    });
  }

  /**
   * Resolves once no request is in progress, or after `timeoutMs`. Clients of idle connections have
   * 250 ms of this time for their next request.
   */
  async ended(clock: Clock, timeoutMs: number): Promise<void> {
    const idleMs = Math.min(idleConnectionMs, timeoutMs);
    await this.until(() => this.connections === 0, clock, idleMs);
    await this.until(() => this.count === 0, clock, timeoutMs - idleMs);
  }

  /** Resolves once the condition holds, or after `timeoutMs`. */
  private async until(holds: () => boolean, clock: Clock, timeoutMs: number): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(timeoutMs, resolve);
      this.onChange = () => {
        if (!holds()) return;
        timer.cancel();
        resolve();
      };
    });
  }
}
