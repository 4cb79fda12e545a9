/**
 * Goal: requests between the parts of an installation never pass a proxy. Method: a process with a
 * proxy in its environment asks a server; the proxy of the test counts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { directRequest } from './direct-request.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function listening(act: RequestListener): Promise<string> {
  const server = createServer(act);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs source in a process with a proxy in its environment. @returns what it prints. */
async function behindProxy(proxy: string, source: string): Promise<string> {
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];
  const env = { PATH: process.env['PATH'], NODE_USE_ENV_PROXY: '1', ...Object.fromEntries(names.map((name) => [name, proxy])) };
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  await once(child, 'close');
  return said.trim();
}

it('reaches its server and no proxy, which a plain request would pass', async () => {
  const seen: string[] = [];
  const proxy = await listening((request, response) => {
    seen.push(`${request.method} ${request.headers['x-auth-token']}`);
    response.end('from the proxy');
  });
  const server = await listening((_request, response) => response.end('from the server'));
  const module = JSON.stringify(new URL('direct-request.ts', import.meta.url));
  const options = `{ method: 'POST', headers: { 'x-auth-token': 'secret' }, body: 'a' }`;
  const direct = `import { directRequest } from ${module}; console.log((await directRequest('${server}', ${options})).text); process.exit(0);`;
  expect(await behindProxy(proxy, direct)).toBe('from the server');
  expect(seen).toEqual([]);
  const plain = `import { request } from 'node:http'; request('${server}', ${options}, () => process.exit(0)).end('a');`;
  await behindProxy(proxy, plain);
  expect(seen).toEqual(['POST secret']);
});

it('gives back status and text, and sends headers and body', async () => {
  const server = await listening((request, response) => {
    response.writeHead(418).write(`${request.method} ${request.headers['x-a']} `);
    request.pipe(response);
  });
  const answer = await directRequest(server, { method: 'PUT', headers: { 'x-a': 'b' }, body: 'ü' });
  expect(answer).toMatchObject({ status: 418, headers: { connection: 'keep-alive' }, text: 'PUT b ü' });
});

it('rejects an answer that breaks off', async () => {
  const server = await listening((_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half');
    setImmediate(() => response.destroy());
  });
  await expect(directRequest(server)).rejects.toThrow('aborted');
});

it('ends when its signal says so', async () => {
  const server = await listening(() => undefined);
  await expect(directRequest(server, { signal: AbortSignal.timeout(20) })).rejects.toThrow('abort');
});
