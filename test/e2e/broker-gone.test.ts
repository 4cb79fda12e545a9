/**
 * Goal: while the broker is gone nothing is promised, and when it is back all goes on by itself.
 * Method: a broker of this test's own, stopped and started again on its port under a running
 * installation.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningBroker, startBroker } from '#broker';
import { eventually } from '#testing';
import { Installation } from './installation.ts';

let dataDir: string;
let broker: RunningBroker;
let installation: Installation;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sendoff-broker-gone-'));
  broker = await startBroker({ dataDir, isShortLived: true });
  installation = await Installation.start({ brokers: broker.bootstrapServers, env: { INGRESS_ACCEPT_TIMEOUT_MS: '2000' } });
  await installation.client.createFunction('steady', 'exports.handler = async (event) => event;', { xrole: '' });
});
afterAll(async () => {
  await installation?.stop();
  await broker?.stop();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10 });
});

describe('without its broker', () => {
  it('an invocation is answered 503 with Retry-After within a bounded wait, and accepted again when the broker is back', async () => {
    const { client } = installation;
    const before = await client.invoke('steady', { n: 1 });
    await client.ended('steady', before);
    const port = Number(broker.bootstrapServers.split(':')[1]);
    await broker.stop();
    const startedAt = performance.now();
    const refused = await client.call<{ error_code: string }>('POST', '/fgs/functions/steady/invocations-async', { n: 2 });
    expect([refused.status, refused.body.error_code, refused.headers.get('retry-after')]).toEqual([503, 'FSS.0503', '1']);
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    await eventually(async () => (await fetch(`${installation.url}/readyz`)).status === 503);

    broker = await startBroker({ dataDir, port, isShortLived: true });
    const after = await eventually(async () => client.invoke('steady', { n: 3 }), { deadlineMs: 30_000, pauseMs: 200 });
    expect(await client.ended('steady', after, 60_000)).toMatchObject({ status: 'SUCCESS' });
    expect((await fetch(`${installation.url}/readyz`)).status).toBe(200);
  }, 150_000);
});
