/**
 * Goal: a stop does not wait for brokers that cannot be reached, and cuts off no request that ends
 * in time. Method: a built service whose broker address has no listener. A second service has a
 * transport that never connects, and a route that answers when the test tells it to.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stopSignals } from '#platform';

async function portWithoutListener(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function stopOnceItSays(service: ChildProcess, output: Readable, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  try {
    await once(output, 'data');
    const stoppedAt = performance.now();
    service.kill(signal);
    expect(await once(service, 'exit')).toEqual([0, null]);
    expect(performance.now() - stoppedAt).toBeLessThan(5_000);
  } finally {
    service.kill('SIGKILL');
  }
}

it('a service that is stopped while it waits for the brokers ends at once, with 0', async () => {
  const service = spawn(process.execPath, ['dist/apps/retry-scheduler/src/main.js'], {
    env: {
      KAFKA_BROKERS: `127.0.0.1:${await portWithoutListener()}`,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await stopOnceItSays(service, service.stderr);
});

it.each(stopSignals)('a service that is stopped by %s while its transports start ends at once, with 0', async (signal) => {
  const script = `
    import { Module } from '@nestjs/common';
    import { ServiceConfig } from '#platform';
import { runService } from '#platform/service';
    class Nothing {}
    Module({})(Nothing);
    setInterval(() => {}, 1000);
    const transport = { use() {}, listen: () => console.log('listens'), close() {}, on() {}, unwrap() {} };
    await runService({ name: 'waits', config: ServiceConfig, compose: async () => ({ module: Nothing, transports: [transport] }) });`;
  const service = spawn(process.execPath, ['--import=reflect-metadata', '--input-type=module', '-e', script], {
    env: { SENDOFF_PLATFORM_KEY: 'a-platform-key-of-32-characters-or-more', KAFKA_BROKERS: '127.0.0.1:1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await stopOnceItSays(service, service.stdout, signal);
});

describe('a request that is under way when its service is stopped', () => {
  const script = `
    import { Module } from '@nestjs/common';
    import { ServiceConfig } from '#platform';
import { runService } from '#platform/service';
    class Nothing {}
    Module({})(Nothing);
    let answer;
    const configureHttp = (app) => {
      const fastify = app.getHttpAdapter().getInstance();
      fastify.get('/now', async () => 'now');
      fastify.get('/later', () => new Promise((resolve) => { answer = resolve; process.send('asked'); }));
    };
    process.on('message', () => answer('at last'));
    await runService({ name: 'serves', config: ServiceConfig, compose: async () => ({ module: Nothing, configureHttp }) });`;

  /** The service, and the address where it is ready. */
  async function started(drainMs: number) {
    const service = spawn(process.execPath, ['--import=reflect-metadata', '--input-type=module', '-e', script], {
      env: {
        KAFKA_BROKERS: '127.0.0.1:1',
        DRAIN_TIMEOUT_MS: String(drainMs),
        LOG_LEVEL: 'info',
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    onTestFinished(() => void service.kill('SIGKILL'));
    const [{ ready }] = (await once(service, 'message')) as [{ ready: string }];
    return { service, ready };
  }

  /** Resolves when the service has got the signal, and drains. */
  async function stopped(service: ChildProcess): Promise<void> {
    const isDraining = new Promise<void>((resolve) => {
      service.stderr?.on('data', (line) => String(line).includes('draining') && resolve());
    });
    service.kill('SIGTERM');
    await isDraining;
  }

  async function asked(drainMs: number) {
    const { service, ready } = await started(drainMs);
    const answer = fetch(`${ready}/later`).then(
      async (response) => [await response.text(), response.headers.get('connection')],
      () => 'cut off',
    );
    await once(service, 'message');
    await stopped(service);
    return { service, answer, ended: once(service, 'exit') };
  }

  it('is answered, and its connection is given up', async () => {
    const { service, answer, ended } = await asked(10_000);
    service.send('now');
    expect(await answer).toEqual(['at last', 'close']);
    expect(await ended).toEqual([0, null]);
  });

  it('is answered if it comes over an idle connection that the client has kept', async () => {
    const { service, ready } = await started(10_000);
    const agent = new Agent({ connections: 1 });
    onTestFinished(async () => agent.destroy());
    const ask = async () => {
      const { statusCode, headers, body } = await agent.request({ origin: ready, path: '/now', method: 'GET' });
      await body.dump();
      return [statusCode, headers['connection']];
    };
    expect(await ask()).toEqual([200, 'keep-alive']);
    const ended = once(service, 'exit');
    await stopped(service);
    expect(await ask()).toEqual([200, 'close']);
    expect(await ended).toEqual([0, null]);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('is cut off by a second signal, %s, which ends the service with %d', async (signal, code) => {
    const { service, answer, ended } = await asked(10_000);
    service.kill(signal);
    expect(await answer).toBe('cut off');
    expect(await ended).toEqual([code, null]);
  });

  it('is cut off when the drain time is over', async () => {
    const { answer, ended } = await asked(100);
    expect(await answer).toBe('cut off');
    expect(await ended).toEqual([0, null]);
  });
});
