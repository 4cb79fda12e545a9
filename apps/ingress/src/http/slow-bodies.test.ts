/**
 * Goal: a body that keeps the minimum rate may take its time, and a slower one is cut off. Method:
 * a server over a manual clock; its sockets tell how many bytes arrived.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, ManualClock } from '#testing';
import { paceMs } from './body-sizes.ts';
import { boundSlowBodies } from './slow-bodies.ts';

const graceMs = 30_000;
const arrivalMsMax = (bytes: number) => graceMs + paceMs(bytes);
const mebibyte = 1_048_576;
/** Bytes that arrive with the headers are read before the time is measured. */
const firstReadBytes = 65_536;
let server: FastifyInstance;
let clock: ManualClock;
let port: number;
/** Sockets of the server, the newest last. */
let sockets: Socket[];

beforeEach(async () => {
  clock = new ManualClock();
  sockets = [];
  server = fastify({ bodyLimit: 8 * mebibyte });
  server.server.on('connection', (socket) => sockets.push(socket));
  boundSlowBodies(server, clock, graceMs);
  server.addContentTypeParser('text/plain', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.post('/', async (request) => ({ bytes: (request.body as Buffer).length }));
  server.post('/closed', { onRequest: (_request, reply) => void reply.status(401).send({}) }, async () => ({}));
  await server.listen({ port: 0 });
  port = server.addresses()[0]?.port ?? 0;
});
afterEach(async () => server.close());

/** Begins a request with a body of so many bytes, and sends some of them. */
const begin = async (path: string, announced: number, sent: number) => {
  const client = connect(port, '127.0.0.1');
  let received = '';
  client.on('data', (bytes) => (received += String(bytes)));
  client.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: ${announced}\r\n\r\n`);
  client.write('x'.repeat(sent));
  const came = () => (sockets.at(-1)?.bytesRead ?? 0) > sent;
  await eventually(came);
  return { client, received: () => received, closed: once(client, 'close') };
};

describe('boundSlowBodies', () => {
  it('answers 408 after 30 s without a body, and ends the connection', async () => {
    const { client, received, closed } = await begin('/', 5, 0);
    await clock.advance(29_999);
    expect([received(), client.destroyed]).toEqual(['', false]);
    await clock.advance(1_001);
    await closed;
    expect(received()).toMatch(/^HTTP\/1.1 408 .*FSS.0408/s);
    expect(sockets[0]?.destroyed).toBe(true);
  });

  it('lets a body take its time while it keeps the rate, and cuts it off when it falls behind', async () => {
    const { client, received, closed } = await begin('/', 4 * mebibyte, 2 * mebibyte);
    await clock.advance(arrivalMsMax(2 * mebibyte - firstReadBytes) - 1);
    expect([received(), client.destroyed]).toEqual(['', false]);
    await clock.advance(60_000);
    await closed;
    expect(received()).toContain('HTTP/1.1 408');
  });

  it('accepts a body that arrives in the end, and leaves no timer behind', async () => {
    const { client, received } = await begin('/', 2 * mebibyte, 2 * mebibyte - 1);
    await clock.advance(arrivalMsMax(2 * mebibyte - firstReadBytes) - 1);
    client.write('x');
    await eventually(() => received() !== '');
    expect(received()).toContain(`{"bytes":${2 * mebibyte}}`);
    await eventually(() => clock.pending === 0);
    client.destroy();
  });

  it('cuts off a refused body that trickles on', async () => {
    const { received, closed } = await begin('/closed', mebibyte, 10);
    await eventually(() => received() !== '');
    expect(received()).toContain('401');
    await clock.advance(arrivalMsMax(mebibyte));
    await closed;
    expect(sockets[0]?.destroyed).toBe(true);
  });
});

describe('paceMs', () => {
  it.each([
    [0, 30_000],
    [128 * 1_024, 31_000],
    [72 * mebibyte, 606_000],
  ])('allows %i bytes %i ms', (bytes, ms) => {
    expect(arrivalMsMax(bytes)).toBe(ms);
  });
});
