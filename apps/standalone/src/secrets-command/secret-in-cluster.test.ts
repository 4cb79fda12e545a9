/**
 * Goal: the Secret is made once and completed later, whatever else writes it.
 * Method: a server that answers as the API server of Kubernetes does.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completeSecret } from './complete-secret.ts';
import { SecretInCluster } from './secret-in-cluster.ts';

interface Stored {
  data?: Record<string, string>;
}

let server: Server;
let secret: SecretInCluster;
/** The stored Secret, and what the server does before it answers. */
let stored: Stored | undefined;
let beforeAnswer: (method: string) => void;
let forbidden: boolean;
let asked: string[];

beforeEach(async () => {
  [stored, forbidden, asked, beforeAnswer] = [undefined, false, [], () => undefined];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      asked.push(`${method} ${url} ${headers['content-type'] ?? ''} ${headers.authorization}`.trim());
      beforeAnswer(method);
      const body = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Stored);
      const [status, answer] = answerTo(method, body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  secret = new SecretInCluster({ url, token: 'a-token', namespace: 'ns', name: 's-secrets' });
});
afterEach(() => void server.close());

function answerTo(method: string, body: Stored): readonly [number, object] {
  if (forbidden) return [403, { message: 'secrets is forbidden' }];
  if (method === 'GET') return stored === undefined ? [404, {}] : [200, stored];
  if (method === 'POST' && stored !== undefined) return [409, {}];
  stored = { data: { ...stored?.data, ...body.data } };
  return [method === 'POST' ? 201 : 200, stored];
}

const encoded = (text: string) => Buffer.from(text).toString('base64');

describe('the Secret of an installation', () => {
  it('is made with all entries', async () => {
    const added = await completeSecret(secret);
    expect(Object.keys(stored?.data ?? {}).toSorted()).toEqual(Object.keys(added).toSorted());
    expect(stored?.data?.['token']).toBe(encoded(added['token'] ?? ''));
    expect(asked).toEqual([
      'GET /api/v1/namespaces/ns/secrets/s-secrets  Bearer a-token',
      'POST /api/v1/namespaces/ns/secrets application/json Bearer a-token',
    ]);
  });

  it('stays as it is once it is complete', async () => {
    await completeSecret(secret);
    const before = structuredClone(stored);
    expect(await completeSecret(secret)).toEqual({});
    expect(stored).toEqual(before);
  });

  it('keeps the entries of another process that was faster', async () => {
    const key = encoded('the-platform-key-of-the-faster-process');
    beforeAnswer = (method) => {
      if (method === 'POST') stored ??= { data: { 'platform-key': key } };
    };
    const added = await completeSecret(secret);
    expect(stored?.data?.['platform-key']).toBe(key);
    expect(Object.keys(added)).toContain('functions-key');
  });

  it('is not made if the account may not, and the error names it and no value', async () => {
    forbidden = true;
    await expect(completeSecret(secret)).rejects.toThrow(
      'reading the Secret s-secrets in the namespace ns was answered with 403: secrets is forbidden',
    );
  });
});
