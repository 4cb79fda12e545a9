import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Registry as Metrics } from 'prom-client';
import { FACTS, METRICS, READINESS } from '../tokens.ts';

/** Readiness conditions by name. The service is ready if every condition returns true. */
export type ReadinessChecks = Readonly<Record<string, () => boolean>>;

/** Facts about a running service that others rely on, shown beside the conditions. */
export type ReadinessFacts = () => Readonly<Record<string, string>>;

interface Reply {
  status(code: number): this;
  header(name: string, value: string): this;
  send(body: unknown): this;
}

/** The probes and metrics of every service; no credentials needed. */
@Controller()
export class HealthController {
  constructor(
    @Inject(READINESS) private readonly checks: ReadinessChecks,
    @Inject(FACTS) private readonly facts: ReadinessFacts,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** Liveness: always 200 while the process answers. */
  @Get('healthz')
  healthz(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Readiness: 200, or 503 with the names of the conditions that fail. Facts in both cases. */
  @Get('readyz')
  readyz(@Res() reply: Reply): void {
    const failing = Object.entries(this.checks)
      .filter(([, holds]) => !holds())
      .map(([name]) => name);
    const [code, status] = failing.length === 0 ? [200, 'ready'] : [503, 'not ready'];
    reply.status(code).send({ status, failing, ...this.facts() });
  }

  /** Metrics in the Prometheus text format. */
  @Get('metrics')
  async text(@Res() reply: Reply): Promise<void> {
    reply.header('content-type', this.metrics.contentType).send(await this.metrics.metrics());
  }
}
