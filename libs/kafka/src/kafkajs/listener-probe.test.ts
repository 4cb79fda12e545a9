import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { probeListener } from './listener-probe.ts';

it('does not wait for the end of an answer that has none', async () => {
  const chunk = Buffer.alloc(65_536, 'HTTP');
  const server = createServer((socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(chunk)) continue;
    };
    socket.on('error', () => undefined).on('drain', more);
    more();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  expect(await probeListener(`127.0.0.1:${(server.address() as AddressInfo).port}`)).toBe('nothing');
  server.close();
});
