import type { FastifyInstance } from 'fastify';
import { Histogram, type Registry as Metrics } from 'prom-client';
import { type Clock, onClose } from '#platform';
import type { OperationSpec } from './operation.ts';
import type { RouteSpec } from './route-spec.ts';

/** Upper bounds in seconds, few because each operation has its own series. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300];

/**
 * Times every request from its headers to the end of its answer, by operation and class of status.
 * The labels are bounded: operations come from the code, and no path or status of a caller is one.
 */
export function timeRequests(fastify: FastifyInstance, metrics: Metrics, clock: Pick<Clock, 'elapsedMs'>): void {
  const seconds = new Histogram({
    name: 'sendoff_request_seconds',
    help: 'Duration of HTTP requests, by operation and class of status, in seconds.',
    labelNames: ['operation', 'status'],
    buckets,
    registers: [metrics],
  });
  fastify.addHook('onRequest', (request, { raw }, done) => {
    const startedMs = clock.elapsedMs();
    const operation = operationOf(request.routeOptions.config.operation);
    onClose(raw, () => {
      const status = raw.writableFinished ? `${Math.floor(raw.statusCode / 100)}xx` : 'aborted';
      seconds.observe({ operation, status }, (clock.elapsedMs() - startedMs) / 1_000);
    });
    done();
  });
}

/** The name of an operation; `page` for files and pages, `none` for a path without a route. */
function operationOf(spec: RouteSpec | OperationSpec | undefined): string {
  if (spec === undefined) return 'none';
  return 'id' in spec ? spec.id : 'page';
}
