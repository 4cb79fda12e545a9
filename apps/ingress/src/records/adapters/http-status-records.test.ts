import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { StatusQuery } from '#contracts';
import { builtAt } from '#testing';
import { HttpStatusRecords } from './http-status-records.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function statusLogger(act: RequestListener): Promise<string> {
  const server = createServer(act);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const query: StatusQuery = { project: 'p1', beginAt: builtAt, endAt: builtAt, offset: 0, limit: 10 };
const ask = (url: string) => new HttpStatusRecords(url, { tokenFor: (callee) => `token for ${callee}` }).query(query);

describe('HttpStatusRecords', () => {
  it('sends the token and the query, and returns the page', async () => {
    const seen: unknown[] = [];
    const url = await statusLogger((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push(request.method, request.url, request.headers['x-sendoff-internal']);
        seen.push(JSON.parse(Buffer.concat(chunks).toString()));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"records":[],"count":3}');
      });
    });
    expect(await ask(url)).toEqual({ records: [], count: 3 });
    expect(seen).toEqual(['POST', '/internal/records/query', 'token for status-logger', query]);
  });

  it.each<[what: string, url: () => Promise<string>]>([
    ['is unreachable', async () => 'http://127.0.0.1:1'],
    ['closes the connection', () => statusLogger((request) => request.socket.destroy())],
    ['answers 500', () => statusLogger((_request, response) => response.writeHead(500).end('{"records":[],"count":0}'))],
    ['answers 403', () => statusLogger((_request, response) => response.writeHead(403).end())],
    ['answers text that is not JSON', () => statusLogger((_request, response) => response.end('<html>'))],
  ])('rejects with a retryable error if the status-logger %s', async (_what, url) => {
    const error = await ask(await url()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });
});
