import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { assertPortIsFree } from './port-check.ts';

it('a free port is free', async () => {
  await expect(assertPortIsFree('127.0.0.1', 0)).resolves.toBeUndefined();
});

it('a port in use is refused, and SENDOFF_PORT is the way out', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(assertPortIsFree('127.0.0.1', port)).rejects.toThrow(/stop the process that uses the port, or set SENDOFF_PORT/);
  other.close();
});

it.each(['no-such-host.invalid', '[::1]', '256.1.1.1', '192.0.2.1', '127.0.0.1 '])(
  'the host %j, which is no address of this machine, is refused, and SENDOFF_HOST is the way out',
  async (host) => {
    await expect(assertPortIsFree(host, 0)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/set SENDOFF_HOST to an address of this machine/) as string,
    });
  },
);
