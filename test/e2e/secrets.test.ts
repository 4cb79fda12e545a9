/**
 * Goal: each service of an installation holds the secrets that it needs, and no others. Method:
 * read the environment and the command line of each process, as its user can.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { services } from '#contracts';
import { Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  const env = { SENDOFF_ACCESS_KEY: 'E2EKEY', SENDOFF_SECRET_KEY: 'e2e-secret-key', SHELL_SECRET: 'of-the-operator' };
  installation = await Installation.start({ brokers: inject('kafkaBrokers'), env });
});
afterAll(async () => installation?.stop());

async function read(service: (typeof services)[number], file: 'environ' | 'cmdline'): Promise<string> {
  return readFile(`/proc/${await installation.pidOf(service)}/${file}`, 'utf8');
}

it('names the credentials of clients in the ingress alone', async () => {
  const holders: Record<string, readonly string[]> = {};
  for (const service of services) {
    const environment = await read(service, 'environ');
    holders[service] = ['e2e-token', 'E2EKEY', 'e2e-secret-key', 'of-the-operator'].filter((text) => environment.includes(text));
  }
  expect(holders).toEqual({
    ingress: ['e2e-token', 'E2EKEY', 'e2e-secret-key'],
    executor: [],
    'retry-scheduler': [],
    notifier: [],
    'status-logger': [],
  });
});

it('holds the platform key in the ingress alone, and each derived key in its service', async () => {
  const { platformKey } = JSON.parse(await readFile(join(installation.dataDir, 'credentials.json'), 'utf8')) as {
    readonly platformKey: string;
  };
  const names: Record<string, readonly string[]> = {};
  for (const service of services) {
    const environment = await read(service, 'environ');
    expect(environment.includes(platformKey)).toBe(service === 'ingress');
    names[service] = environment
      .split('\0')
      .map((line) => line.split('=')[0] ?? '')
      .filter((name) => /^SENDOFF_\w+_KEYS?$/.test(name))
      .sort();
  }
  expect(names).toEqual({
    ingress: ['SENDOFF_ACCESS_KEY', 'SENDOFF_PLATFORM_KEY', 'SENDOFF_PUBLIC_KEYS', 'SENDOFF_SECRET_KEY'],
    executor: ['SENDOFF_FUNCTIONS_KEY', 'SENDOFF_PUBLIC_KEYS'],
    'retry-scheduler': [],
    notifier: ['SENDOFF_PUBLIC_KEYS', 'SENDOFF_SUBSCRIPTION_KEY'],
    'status-logger': ['SENDOFF_PUBLIC_KEYS'],
  });
});

it('shows no secret on a command line', async () => {
  const credentials = JSON.parse(await readFile(join(installation.dataDir, 'credentials.json'), 'utf8')) as Record<
    string,
    string
  >;
  const { projectId: _project, isRegistrySigned: _isSigned, ...secrets } = credentials;
  for (const service of services) {
    const line = await read(service, 'cmdline');
    expect(Object.values(secrets).filter((secret) => line.includes(secret))).toEqual([]);
  }
});

it('lets only its user read the files that hold secrets', async () => {
  for (const file of ['credentials.json', 'running.json'])
    expect((await stat(join(installation.dataDir, file))).mode & 0o777).toBe(0o600);
});
