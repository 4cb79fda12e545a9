/**
 * Goal: whoever stops a service does not wait for brokers that are not there, or no longer. Method: a built service and a port where nobody
 * listens; the life of every service, with a transport that never gets there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { expect, it } from 'vitest';

async function portWithoutListener(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function stopOnceItSays(service: ChildProcess, output: Readable): Promise<void> {
  try {
    await once(output, 'data');
    const stoppedAt = performance.now();
    service.kill('SIGTERM');
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
      SENDOFF_INTERNAL_TOKEN: 'a-token-of-16-characters-or-more',
      SENDOFF_PLATFORM_KEY: 'a-platform-key-of-32-characters-or-more',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await stopOnceItSays(service, service.stderr);
});

it('a service that is stopped while its transports start ends at once, with 0', async () => {
  const script = `
    import { Module } from '@nestjs/common';
    import { runService, ServiceConfig } from '#platform';
    class Nothing {}
    Module({})(Nothing);
    setInterval(() => {}, 1000);
    const transport = { listen: () => console.log('listens'), close() {}, on() {}, unwrap() {} };
    await runService({ name: 'waits', config: ServiceConfig, compose: async () => ({ module: Nothing, transports: [transport] }) });`;
  const service = spawn(process.execPath, ['--import=reflect-metadata', '--input-type=module', '-e', script], {
    env: { SENDOFF_INTERNAL_TOKEN: 'a-token-of-16-characters-or-more', KAFKA_BROKERS: '127.0.0.1:1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await stopOnceItSays(service, service.stdout);
});
