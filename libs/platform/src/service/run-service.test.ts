import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { Registry as Metrics } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { createLogger } from '../logger.ts';
import { buildService, type ServiceBase } from './run-service.ts';
import { ServiceConfig } from '../service.config.ts';
import { systemRandom } from '../basics/clock.ts';
import { isSameSecret } from '../secrets.ts';
import { CLOCK } from '../tokens.ts';
import { untraced } from '../tracing.ts';

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
  clock: new ManualClock(),
  random: systemRandom,
  tracing: untraced,
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
    const facts = () => ({ isolation: 'kernel' });
    const app = await buildService(base, { module: HelloModule, checks: { kafka: () => isConnected }, facts });
    close = () => app.close();
    const get = async (url: string) => app.inject({ method: 'GET', url });
    expect((await get('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await get('/hello')).body).toBe('true');
    const ready = await get('/readyz');
    expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ready', failing: [], isolation: 'kernel' }]);
    isConnected = false;
    const unready = await get('/readyz');
    expect([unready.statusCode, unready.json()]).toEqual([503, { status: 'not ready', failing: ['kafka'], isolation: 'kernel' }]);
    expect((await get('/metrics')).headers['content-type']).toContain('text/plain');
  });
});

describe('an answer of a service', () => {
  const secure = /^HTTP\/1\.1 \d{3} [^]*X-Content-Type-Options: nosniff\r\n[^]*Cache-Control: no-store\r\n/;
  let app: Awaited<ReturnType<typeof buildService>>;
  let port: number;
  beforeAll(async () => {
    app = await buildService(base, { module: HelloModule });
    await app.listen(0, '127.0.0.1');
    port = Number(new URL(await app.getUrl()).port);
  });
  afterAll(() => app.close());

  it.each<[what: string, request: string, status: number]>([
    ['a route', 'GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 200],
    ['the metrics', 'GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 200],
    ['an unknown path', 'GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 404],
    ['a malformed path', 'GET /%c0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
    ['bytes that are not HTTP', 'EHLO\r\n\r\n', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['an unknown expectation', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', 417],
    [
      'a body that is too large',
      'POST /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n',
      413,
    ],
  ])('to %s has the headers that keep browsers from guessing and caches from keeping', async (_what, request, status) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    socket.write(request);
    const answer = await text(socket);
    expect(answer).toMatch(secure);
    expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
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
