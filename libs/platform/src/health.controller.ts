import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Registry as Metrics } from 'prom-client';
import { METRICS, READINESS } from './tokens.ts';

/** Named conditions, each of which must hold before a service may be given work. */
export type ReadinessChecks = Readonly<Record<string, () => boolean>>;

interface Reply {
  status(code: number): this;
  header(name: string, value: string): this;
  send(body: unknown): this;
}

/** The three questions every service answers without credentials. */
@Controller()
export class HealthController {
  constructor(
    @Inject(READINESS) private readonly checks: ReadinessChecks,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** Is the process alive? */
  @Get('healthz')
  healthz(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** May it be given work? 503 names what does not hold. */
  @Get('readyz')
  readyz(@Res() reply: Reply): void {
    const failing = Object.entries(this.checks)
      .filter(([, holds]) => !holds())
      .map(([name]) => name);
    reply.status(failing.length === 0 ? 200 : 503).send({ status: failing.length === 0 ? 'ready' : 'not ready', failing });
  }

  /** Prometheus text format. */
  @Get('metrics')
  async text(@Res() reply: Reply): Promise<void> {
    reply.header('content-type', this.metrics.contentType).send(await this.metrics.metrics());
  }
}
