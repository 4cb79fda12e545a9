import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { tokenFromEndpoint, tokenFromFile } from './access-token.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** @returns the URL of an endpoint that answers so, and the requests that it got. */
async function anEndpoint(answer: (count: number) => { readonly status?: number; readonly body: string }) {
  const requests: { readonly authorization: string | undefined; readonly form: string }[] = [];
  const listening = createServer((request, response) => {
    let form = '';
    request.on('data', (data: Buffer) => {
      form += String(data);
    });
    request.on('end', () => {
      requests.push({ authorization: request.headers.authorization, form });
      const { status = 200, body } = answer(requests.length);
      response.writeHead(status).end(body);
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/token`, requests };
}

const client = { clientId: 'a client', clientSecret: () => 's:e/c' };

describe('tokenFromEndpoint', () => {
  it('asks with the client credentials, and keeps a token for 80 % of its life', async () => {
    const { url, requests } = await anEndpoint((count) => ({ body: `{"access_token":"t${count}","expires_in":100}` }));
    let nowMs = 0;
    const token = tokenFromEndpoint({ url, ...client, scope: 'kafka' }, () => nowMs);
    expect(await token()).toBe('t1');
    nowMs = 79_999;
    expect(await token()).toBe('t1');
    nowMs = 80_000;
    expect(await token()).toBe('t2');
    const authorization = `Basic ${Buffer.from('a%20client:s%3Ae%2Fc').toString('base64')}`;
    expect(requests[0]).toEqual({ authorization, form: 'grant_type=client_credentials&scope=kafka' });
  });

  it('asks once for logins at the same time', async () => {
    const { url, requests } = await anEndpoint(() => ({ body: '{"access_token":"t","expires_in":100}' }));
    const token = tokenFromEndpoint({ url, ...client });
    expect(await Promise.all([token(), token(), token()])).toEqual(['t', 't', 't']);
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['a refusal', { status: 401, body: '{"error":"invalid_client"}' }, /answered 401; check the client id/],
    ['no JSON', { body: '<html>' }, /is not JSON/],
    ['no token', { body: '{}' }, /holds no access_token/],
    ['a token that would change the login', { body: '{"access_token":"a\\u0001b"}' }, /holds no access_token/],
    ['an endless answer', { body: 'x'.repeat(300 * 1024) }, /too large/],
  ])('fails with %s, without the secret', async (_what, answer, message) => {
    const { url } = await anEndpoint(() => answer);
    const failure = await tokenFromEndpoint({ url, ...client })().catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'BROKER_TOKEN_UNAVAILABLE', message: expect.stringMatching(message) });
    expect(JSON.stringify(failure)).not.toContain('s:e/c');
  });

  it('fails without an endpoint', async () => {
    await expect(tokenFromEndpoint({ url: 'http://127.0.0.1:1/', ...client })()).rejects.toMatchObject({
      code: 'BROKER_TOKEN_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('tokenFromFile', () => {
  it('returns the text of now, if it is a token', async () => {
    let text = 'header.payload.signature';
    const token = tokenFromFile(() => text);
    expect(await token()).toBe('header.payload.signature');
    text = 'not a token';
    await expect(token()).rejects.toMatchObject({ code: 'BROKER_TOKEN_UNAVAILABLE' });
  });
});
