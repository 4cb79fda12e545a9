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

/** @param answer an S3. */
async function storeAt(answer: RequestListener): Promise<S3ObjectStore> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new S3ObjectStore({ endpoint, accessKey: 'a', secretKey: 'b', region: 'us-east-1' }, 'bucket', 100);
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
