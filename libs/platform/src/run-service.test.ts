import { Controller, Get, Inject, Module } from '@nestjs/common';
import { Registry as Metrics } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';
import { buildService, type ServiceBase } from './run-service.ts';
import { ServiceConfig } from './service.config.ts';
import { systemClock, systemRandom } from './clock.ts';
import { isSameSecret } from './secrets.ts';
import { CLOCK } from './tokens.ts';

@Controller('hello')
class HelloController {
  constructor(@Inject(CLOCK) private readonly clock: object) {}
  @Get()
  hello(): boolean {
    return this.clock !== undefined;
  }
}

@Module({ controllers: [HelloController] })
class HelloModule {}

const base: ServiceBase<ServiceConfig> = {
  config: new ServiceConfig(),
  logger: createLogger({ service: 'test', level: 'silent', isPretty: false }),
  metrics: new Metrics(),
  clock: systemClock,
  random: systemRandom,
  isDraining: () => false,
  fatal: (error) => {
    throw error;
  },
};

describe('a service', () => {
  let close: () => Promise<void> = async () => undefined;
  afterEach(async () => close());

  it('answers /healthz, /readyz and /metrics beside its own routes', async () => {
    let isConnected = true;
    const app = await buildService(base, { module: HelloModule, checks: { kafka: () => isConnected } });
    close = () => app.close();
    const get = async (url: string) => app.inject({ method: 'GET', url });
    expect((await get('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await get('/hello')).body).toBe('true');
    expect((await get('/readyz')).statusCode).toBe(200);
    isConnected = false;
    const unready = await get('/readyz');
    expect([unready.statusCode, unready.json()]).toEqual([503, { status: 'not ready', failing: ['kafka'] }]);
    expect((await get('/metrics')).headers['content-type']).toContain('text/plain');
  });
});

describe('isSameSecret', () => {
  it.each([
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'abcd', false],
    ['', '', true],
  ])('%j against %j is %s', (given, expected, isSame) => {
    expect(isSameSecret(given, expected)).toBe(isSame);
  });
});
