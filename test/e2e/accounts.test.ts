/**
 * Goal: the broker that `npm start` brings asks for accounts, everything works with them, and a
 * data folder of a version without accounts gets them.
 * Method: an installation on a broker without accounts leaves its data. `npm start` without npm
 * takes the folder over. Programs from outside use only what `running.json` tells.
 */
import { cp, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import kafkajs, { type SASLOptions } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker } from '#broker';
import { kafkaAccounts, services } from '#contracts';
import { eventually } from '#testing';
import { output, pythonWith, systemTool } from '../foreign-tools.ts';
import { destination } from './client.ts';
import { Installation } from './installation.ts';
import { blocksOf } from './page-blocks.ts';

interface Running {
  readonly kafkaBrokers: string[];
  readonly kafkaAccount: { readonly mechanism: string; readonly username: string; readonly password: string };
}

const topicPrefix = 'acc.';
const env = { KAFKA_TOPIC_PREFIX: topicPrefix, KAFKA_STREAM_TOPICS: 'orders, shop.*' };
let folder: string;
let installation: Installation;
let running: Running;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-accounts-'));
  const open = await startBroker({ dataDir: join(folder, 'kafka'), isShortLived: true });
  try {
    const before = await Installation.start({ brokers: open.bootstrapServers, dataDir: folder, env });
    await before.client.createFunction('greeted', 'exports.handler = async (event) => event;');
    await before.client.ended('greeted', await before.client.invoke('greeted', { n: 0 }));
    await before.stop({ keepData: true });
  } finally {
    await open.stop();
  }
  installation = await Installation.start({ brokers: '', dataDir: folder, env });
  running = JSON.parse(await readFile(join(folder, 'running.json'), 'utf8')) as Running;
}, 300_000);
afterAll(async () => installation?.stop());

const clientOf = (sasl?: SASLOptions) =>
  new kafkajs.Kafka({
    brokers: running.kafkaBrokers,
    ...(sasl === undefined ? {} : { sasl }),
    retry: { retries: 2, initialRetryTime: 100 },
    logLevel: kafkajs.logLevel.NOTHING,
  });
const outside = () => clientOf(running.kafkaAccount as SASLOptions);
const exampleEnv = () => ({ SENDOFF_DATA_DIR: folder, KAFKA_TOPIC_PREFIX: topicPrefix });

async function expectInvocations(printed: string, count: number): Promise<void> {
  const requestIds = printed.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
  expect(requestIds).toHaveLength(count);
  for (const requestId of requestIds) expect((await installation.client.ended('greeted', requestId)).status).toBe('SUCCESS');
}

it('starts without a warning of Node.js', () => {
  expect(installation.output.filter((line) => line.includes('Warning'))).toEqual([]);
});

describe('a data folder of a version without accounts', () => {
  it('keeps its functions and goes on', async () => {
    const requestId = await installation.client.invoke('greeted', { n: 1 });
    expect((await installation.client.ended('greeted', requestId)).status).toBe('SUCCESS');
  });
});

describe('the secrets of the accounts', () => {
  it('are in files that only this user may read', async () => {
    for (const file of ['running.json', 'kafka-accounts.json', 'kafka/server.properties'])
      expect([file, (await stat(join(folder, file))).mode & 0o777]).toEqual([file, 0o600]);
    expect((await stat(join(folder, 'kafka'))).mode & 0o777).toBe(0o700);
  });

  it('reach each service alone, in its own environment', async () => {
    const passwords = JSON.parse(await readFile(join(folder, 'kafka-accounts.json'), 'utf8')) as Record<string, string>;
    expect(Object.keys(passwords).sort()).toEqual([...kafkaAccounts].sort());
    for (const service of services) {
      const environment = await readFile(`/proc/${await installation.pidOf(service)}/environ`, 'utf8');
      const known = kafkaAccounts.filter((account) => environment.includes(passwords[account] ?? 'missing'));
      expect([service, known]).toEqual([service, [service]]);
    }
  });
});

describe('a program without the right account', () => {
  it('is refused if it has none', async () => {
    const admin = clientOf().admin();
    await expect(admin.connect().then(() => admin.fetchTopicMetadata({ topics: [`${topicPrefix}intake`] }))).rejects.toThrow();
    await admin.disconnect();
  });

  it('is refused with another password', async () => {
    const sasl = { mechanism: 'scram-sha-512', username: running.kafkaAccount.username, password: 'guessed' } as const;
    await expect(clientOf(sasl).admin().connect()).rejects.toThrow(/authentication failed/i);
  });

  it('cannot read or write the registry from outside', async () => {
    const topic = `${topicPrefix}registry`;
    const admin = outside().admin();
    await admin.connect();
    await expect(admin.fetchTopicMetadata({ topics: [topic] })).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
    await admin.disconnect();
    const producer = outside().producer();
    await producer.connect();
    await expect(producer.send({ topic, messages: [{ key: 'k', value: 'v' }] })).rejects.toThrow(/authoriz/i);
    await producer.disconnect();
  });
});

describe('a program with the account of running.json', () => {
  it('is the page docs/kafka.md', async () => {
    const [script = ''] = (await blocksOf('docs/kafka.md')).filter(({ language }) => language === 'js').map(({ text }) => text);
    const place = await mkdtemp(join(tmpdir(), 'sendoff-page-'));
    try {
      await symlink(folder, join(place, '.sendoff'));
      await symlink(resolve('node_modules'), join(place, 'node_modules'));
      const source = script.replaceAll('sendoff.intake', `${topicPrefix}intake`).replaceAll("'hello'", "'greeted'");
      await writeFile(join(place, 'producer.mjs'), source);
      const before = (await installation.client.records('greeted')).length;
      await output(process.execPath, ['producer.mjs'], { cwd: place });
      await eventually(async () => (await installation.client.records('greeted')).length === before + 1);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  });

  it('is the producer in TypeScript', async () => {
    const args = ['examples/kafka/typescript/producer.ts', 'greeted', '2'];
    await expectInvocations(await output(process.execPath, args, { env: exampleEnv() }), 2);
  });

  it('is the producer in Python', async ({ skip }) => {
    const python = await pythonWith('examples/kafka/python/requirements.txt');
    if ('missing' in python) return skip(python.missing);
    const args = ['examples/kafka/python/producer.py', 'greeted', '2'];
    await expectInvocations(await output(python.command, args, { env: exampleEnv() }), 2);
  });

  it('is the producer in Java', async ({ skip }) => {
    const maven = await systemTool('mvn', '--version');
    if ('missing' in maven) return skip(maven.missing);
    const project = await mkdtemp(join(tmpdir(), 'sendoff-java-'));
    try {
      await cp('examples/kafka/java', project, { recursive: true });
      const args = ['-q', '-B', 'compile', 'exec:java', '-Dexec.args=greeted 2'];
      await expectInvocations(await output('mvn', args, { cwd: project, env: exampleEnv() }), 2);
    } finally {
      await rm(project, { recursive: true, force: true });
    }
  });

  it('is the demo', async () => {
    const printed = await output(process.execPath, ['dist/apps/standalone/src/demo/main.js'], { env: exampleEnv() });
    expect(printed).toContain('40 accepted, 30 succeeded, 10 failed as intended, 0 unaccounted for.');
  }, 120_000);

  it('reads streams, also those whose topics KAFKA_STREAM_TOPICS lists', async () => {
    const { client } = installation;
    await client.grantEverything();
    await client.must('PUT', '/sendoff/streams/events', {});
    await client.must('PUT', '/sendoff/streams/sales', { topic: 'shop.sales' });
    const names = [
      ['events', `${topicPrefix}stream.events`],
      ['sales', 'shop.sales'],
    ] as const;
    for (const [stream, topic] of names) {
      await client.createFunction(`to-${stream}`, 'exports.handler = async (event) => event;');
      await client.setPolicy(`to-${stream}`, {
        destination_config: { on_success: destination('DIS', { stream_name: stream }) },
      });
      const requestId = await client.invoke(`to-${stream}`, { stream });
      await client.ended(`to-${stream}`, requestId);
      const consumer = outside().consumer({ groupId: `${topicPrefix}outside.reader-${stream}` });
      const read: string[] = [];
      // The notifier creates the topic when it first writes to it.
      await eventually(async () => (await outside().admin().listTopics()).includes(topic), { deadlineMs: 30_000 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        eachMessage: async ({ message }) => {
          read.push(String(message.key));
        },
      });
      await eventually(() => read.includes(requestId), { deadlineMs: 30_000 });
      await consumer.disconnect();
      const path = `/sendoff/streams/${stream}/records`;
      const { records } = await client.must<{ records: { key?: string }[] }>('GET', path);
      expect(records.map(({ key }) => key)).toContain(requestId);
    }
  }, 120_000);

  it('cannot have a stream write where the notifier may not: the delivery names the account', async () => {
    const { client } = installation;
    await client.must('PUT', '/sendoff/streams/elsewhere', { topic: 'elsewhere' });
    await client.createFunction('to-elsewhere', 'exports.handler = async (event) => event;');
    await client.setPolicy('to-elsewhere', {
      destination_config: { on_success: destination('DIS', { stream_name: 'elsewhere' }) },
    });
    await client.invoke('to-elsewhere', {});
    const reason = await eventually(async () => {
      const [record] = await client.records('to-elsewhere');
      return record?.deliveries[0]?.reason;
    });
    expect(reason).toMatch(/account acc\.notifier may not \w+ topic elsewhere.*docs\/kafka-acls\.md/);
    for (const service of services) expect(await installation.pidOf(service)).toBeDefined();
  });
});
