import { Inject } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { Registry as Metrics } from 'prom-client';
import { type Clock, CLOCK, type Logger, LOGGER, METRICS, type Tracing, TRACING } from '#platform';
import { EndedKeys } from '../access/ended-keys.ts';
import { FunctionNames } from '../names/function-names.ts';
import { Acceptor } from './acceptor.ts';
import { FUNCTION_CALLS, type FunctionCalls } from './function-calls.ts';
import { gaugeSyncCalls } from './invocation-metrics.ts';
import { addInvocationRoute } from './invocation-route.ts';
import { LargePayloads } from './large-payloads.ts';
import { addPayloadRoutes } from './payload-routes.ts';
import { addSyncRoute, type SyncRouteOptions } from './sync-route.ts';

/** Injection token of the {@link SyncRouteOptions}. */
export const SYNC_ROUTE_OPTIONS = Symbol('sync route options');

/**
 * The routes that take invocations and large payloads. They are raw routes of Fastify, because they
 * need the body as bytes.
 */
export class InvocationRoutes {
  constructor(
    @Inject(Acceptor) private readonly acceptor: Acceptor,
    @Inject(FunctionNames) private readonly names: FunctionNames,
    @Inject(FUNCTION_CALLS) private readonly calls: FunctionCalls,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(METRICS) private readonly metrics: Metrics,
    @Inject(TRACING) private readonly tracing: Tracing,
    @Inject(EndedKeys) private readonly keys: EndedKeys,
    @Inject(LargePayloads) private readonly payloads: LargePayloads,
    @Inject(SYNC_ROUTE_OPTIONS) private readonly options: SyncRouteOptions,
  ) {}

  /** Adds the routes; call it after the hooks that must see their requests. */
  async addTo(fastify: FastifyInstance): Promise<void> {
    const { acceptor, names, calls, clock, logger, keys, tracing, payloads, options } = this;
    await addInvocationRoute(fastify, acceptor, clock, logger);
    await addPayloadRoutes(fastify, payloads, names, logger);
    const running = await addSyncRoute(fastify, { names, calls, clock, logger, keys, tracing, payloads, options });
    gaugeSyncCalls(this.metrics, running);
  }
}
