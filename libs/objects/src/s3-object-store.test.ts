/**
 * Goal: no store of S3 holds up a sweep of objects for ever. Method: an HTTP server that takes
 * requests, and answers a part of them.
 */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { S3ObjectStore } from './s3-object-store.ts';

const digest = 'a'.repeat(128);
const page = `<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated>
  <NextContinuationToken>next</NextContinuationToken>
  <Contents><Key>sha512/${digest}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>e</ETag><Size>1</Size></Contents>
</ListBucketResult>`;

function listOf(fields: string): string {
  return `<?xml version="1.0"?><ListBucketResult>${fields}</ListBucketResult>`;
}

/** @param answer an S3. */
async function storeAt(answer: RequestListener, answerTimeoutMs = 100): Promise<S3ObjectStore> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new S3ObjectStore({ endpoint, accessKey: 'a', secretKey: 'b', region: 'us-east-1' }, 'bucket', answerTimeoutMs);
}

/** Adds the objects of a list, as far as the store tells them. */
async function list(store: S3ObjectStore, seen: string[] = []): Promise<void> {
  for await (const one of store.list()) seen.push(one.digest);
}

it('gives a list up that the store does not begin', async () => {
  const store = await storeAt(() => undefined);
  await expect(list(store)).rejects.toMatchObject({ code: 'OBJECT_STORE_UNAVAILABLE' });
});

it('gives a list up that the store does not go on with', async () => {
  let pages = 0;
  const store = await storeAt((_request, response) => {
    pages += 1;
    if (pages === 1) response.end(page);
  });
  const seen: string[] = [];
  await expect(list(store, seen)).rejects.toMatchObject({ code: 'OBJECT_STORE_UNAVAILABLE' });
  expect(seen).toEqual([digest]);
});

it.each<[what: string, pageOf: (token: string) => string]>([
  ['tells no objects', () => listOf('<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>')],
  ['does not say where it goes on', () => page.replace(/<NextContinuationToken>.*<\/NextContinuationToken>/, '')],
])('ends a list that %s', async (_what, pageOf) => {
  let pages = 0;
  const store = await storeAt((_request, response) => void response.end(pageOf(String(++pages))), 5_000);
  await expect(list(store)).rejects.toThrow('the store says that its list goes on, but not where');
  expect(pages).toBeLessThan(4);
});

it('asks for no more pages of a list that it gave up', async () => {
  let pages = 0;
  const store = await storeAt((request, response) => {
    if (request.url?.includes('list-type') !== true) return void response.writeHead(404).end();
    pages += 1;
    const token = `<IsTruncated>true</IsTruncated><NextContinuationToken>t${pages}</NextContinuationToken>`;
    response.end(listOf(token));
  });
  await expect(list(store)).rejects.toMatchObject({ code: 'OBJECT_STORE_UNAVAILABLE' });
  const before = pages;
  for (let other = 0; other < 20; other += 1) await store.get(digest);
  expect(pages).toBeLessThanOrEqual(before + 1);
});

it('closes the connection to a store whose error never ends', async () => {
  const closed = Promise.withResolvers<void>();
  const store = await storeAt((_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x'))) continue;
    };
    response.on('close', closed.resolve).on('drain', more).writeHead(400);
    more();
  }, 60_000);
  await expect(store.get(digest)).rejects.toThrow('the store answered more than 8388608 bytes');
  await closed.promise;
});

it.each([400, 500, 503])('uses one connection for all requests that the store answers with %i', async (status) => {
  const ports = new Set<number | undefined>();
  const store = await storeAt((request, response) => {
    ports.add(request.socket.remotePort);
    response.writeHead(status).end('<Error><Code>SlowDown</Code></Error>');
  }, 5_000);
  for (let n = 0; n < 5; n += 1) await expect(store.get(digest)).rejects.toThrow('the object store failed');
  expect(ports.size).toBe(1);
});
