/**
 * Goal: `npm run demo` and the probes of every service do what the README says.
 * Method: the real demo, against one installation.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.start({ brokers: inject('kafkaBrokers') });
});
afterAll(async () => installation?.stop());

describe('the demo', () => {
  it('tells the whole story, and accounts for every event', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['dist/apps/standalone/src/demo/main.js'], {
      env: { ...process.env, SENDOFF_DATA_DIR: installation.dataDir, KAFKA_TOPIC_PREFIX: installation.topicPrefix },
      timeout: 80_000,
    });
    expect(stdout).toContain('40 accepted, 30 succeeded, 10 failed as intended, 0 unaccounted for.');
    expect(stdout.match(/delivered file:\/\//g)?.length).toBe(20);
    expect(stdout.match(/delivered invocation /g)?.length).toBe(10);
  });
});

describe('the door of an installation', () => {
  it('answers probes and metrics without credentials', async () => {
    const ask = async (path: string) => fetch(`${installation.url}${path}`);
    expect(await (await ask('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await ask('/readyz')).status).toBe(200);
    expect(await (await ask('/metrics')).text()).toContain('sendoff_arrivals_total');
  });
});
