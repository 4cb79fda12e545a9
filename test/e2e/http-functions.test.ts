/**
 * Goal: an http function can tell the calls of Sendoff from others, and no `code_url` reaches a
 * network that is not allowed. Method: one installation on loopback, and the server of the example,
 * started with the secret that the API shows.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Installation } from './installation.ts';

let installation: Installation;
let server: ChildProcess | undefined;

beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
});
afterAll(async () => {
  server?.kill('SIGKILL');
  await installation?.stop();
});

const aFunction = (name: string, url: string) => ({
  ...{ func_name: name, package: 'default', runtime: 'http', handler: '-', timeout: 5, memory_size: 128 },
  ...{ code_type: 'inline', code_url: url },
});

/** Starts the server of the example. @returns its URL. */
async function startExample(secret: string): Promise<string> {
  const child = spawn(process.execPath, ['examples/http-function/server.mjs'], {
    env: { PATH: process.env['PATH'], CALL_SECRET: secret, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  server = child;
  process.once('exit', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => resolve(line.replace('listening on ', '')));
    child.once('exit', (code) => reject(new Error(`the example ended with ${code}`)));
  });
}

describe('an http function', () => {
  it('runs the calls of Sendoff, and no call without their signature', async () => {
    const { client } = installation;
    await client.must('POST', '/fgs/functions', aFunction('signed', 'http://127.0.0.1:9/'));
    const { secret } = await client.must<{ secret: string }>('GET', '/sendoff/functions/signed/call-secret');
    const url = await startExample(secret);
    await client.must('PUT', '/fgs/functions/signed/code', { code_type: 'inline', code_url: url });
    expect(await client.must('POST', '/fgs/functions/signed/invocations', { name: 'world' })).toEqual({
      greeting: 'hello world',
    });
    const unsigned = await fetch(url, { method: 'POST', body: '{"name":"world"}' });
    expect(unsigned.status).toBe(401);
  });

  it.each(['http://169.254.169.254/latest/meta-data', 'http://10.0.0.1/', 'http://[fe80::1]/', 'http://[::ffff:10.0.0.1]/'])(
    'cannot be at %s',
    async (url) => {
      const { status, body } = await installation.client.call('POST', '/fgs/functions', aFunction('elsewhere', url));
      expect([status, body['error_code']]).toEqual([400, 'FSS.1012']);
    },
  );
});
