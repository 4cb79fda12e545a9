/** Goal: whoever stops a service does not wait for brokers that are not there. Method: a built service, and a port where nobody listens. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';

async function portWithoutListener(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
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
  try {
    await once(service.stderr, 'data');
    const stoppedAt = performance.now();
    service.kill('SIGTERM');
    expect(await once(service, 'exit')).toEqual([0, null]);
    expect(performance.now() - stoppedAt).toBeLessThan(5_000);
  } finally {
    service.kill('SIGKILL');
  }
});
