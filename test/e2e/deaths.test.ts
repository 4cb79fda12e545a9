/**
 * Goal: an invocation that ends its executor at each attempt fails after three ends, and none of
 * its neighbours does. Method: an http function whose server kills the executor when it gets the
 * deadly event. The server counts the runs of each invocation.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { Installation } from './installation.ts';

interface Event {
  readonly deadly?: boolean;
  readonly ms: number;
}

let installation: Installation;
let server: Server;
const runs = new Map<string, number>();

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const requestId = String(request.headers['x-cff-request-id']);
      runs.set(requestId, (runs.get(requestId) ?? 0) + 1);
      const { deadly = false, ms } = JSON.parse(Buffer.concat(chunks).toString()) as Event;
      if (deadly) void installation.killService('executor');
      else setTimeout(() => response.end('1'), ms);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await installation?.stop();
});

it('an invocation that ends its executor three times fails with the reason, and its neighbours succeed', async () => {
  const { client } = installation;
  const code = { code_type: 'inline', code_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  for (const func_name of ['deadly', 'neighbour'])
    await client.must('POST', '/fgs/functions', {
      ...{ func_name, package: 'default', runtime: 'http', handler: '-', timeout: 30, memory_size: 128, ...code },
    });
  const neighbours = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const name = index % 2 === 0 ? 'deadly' : 'neighbour';
      return { name, requestId: await client.invoke(name, { ms: (index % 5) * 100 }) };
    }),
  );
  const deadly = await client.invoke('deadly', { deadly: true, ms: 0 });
  expect(await client.ended('deadly', deadly, 120_000)).toMatchObject({
    status: 'FAIL',
    error_message: expect.stringContaining('the executor ended 3 times'),
  });
  expect(runs.get(deadly)).toBe(3);
  for (const { name, requestId } of neighbours) expect(await client.ended(name, requestId)).toMatchObject({ status: 'SUCCESS' });
  const repeats = neighbours.map(({ requestId }) => (runs.get(requestId) ?? 0) - 1).filter((count) => count > 0);
  console.log(`repeats of ${neighbours.length} neighbours: ${repeats.reduce((sum, count) => sum + count, 0)}`);
  expect(Math.max(0, ...repeats)).toBeLessThan(3);
  // The executor lives on.
  const after = await client.invoke('deadly', { ms: 0 });
  expect(await client.ended('deadly', after)).toMatchObject({ status: 'SUCCESS' });
}, 240_000);
