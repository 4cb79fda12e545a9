/**
 * Goal: a program that can write the registry topic gains nothing: no rights, no code, no key that
 * was revoked. Method: `npm start` on a real broker, a Kafka client without a signing key, and
 * signed requests before and after a restart.
 */
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '#testing';
import { type ClientKey, send } from '../signed-request.ts';
import { Installation } from './installation.ts';
import { KafkaSide, type SeenRecord } from './kafka-side.ts';

/** Without the address: that changes with a restart. */
type Key = Omit<ClientKey, 'url'>;

let installation: Installation;
let kafkaSide: KafkaSide;
let producer: Producer;
let written: (fits: (record: SeenRecord) => boolean) => Promise<SeenRecord>;
const brokers = inject('kafkaBrokers');
beforeAll(async () => {
  installation = await Installation.start({ brokers });
  kafkaSide = new KafkaSide(brokers);
  producer = new Kafka({ clientId: 'a-forger', brokers: brokers.split(','), logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await installation.client.createFunction('mine', 'exports.handler = async () => "mine";');
  await installation.client.createFunction('theirs', 'exports.handler = async () => "theirs";');
  written = await kafkaSide.read(`${installation.topicPrefix}registry`);
});
afterAll(async () => {
  await producer?.disconnect();
  await kafkaSide?.close();
  await installation?.stop();
});

async function aKey(): Promise<Key> {
  const body = { rights: ['invoke'], functions: ['mine'] };
  const answer = await installation.client.must<Record<string, string>>('POST', '/sendoff/credentials', body);
  return { accessKey: answer['access_key'] ?? '', secretKey: answer['secret_key'] ?? '' };
}

/** Calls a function with a key. @returns status and body. */
async function call(name: string, key: Key): Promise<readonly [status: number, body: string]> {
  const { status, text } = await send({ ...key, url: installation.url }, 'POST', `/fgs/functions/${name}/invocations`, {});
  return [status, text];
}

/** Writes a record to the registry, and waits until each reader has refused it. */
async function forge(key: string, value: string | null, headers: Record<string, string> = {}): Promise<void> {
  const before = await refused();
  await producer.send({ topic: `${installation.topicPrefix}registry`, messages: [{ key, value, headers }] });
  await eventually(async () => (await refused()) > before);
}

async function refused(): Promise<number> {
  const text = await (await fetch(`${installation.url}/metrics`)).text();
  const lines = [...text.matchAll(/^sendoff_registry_documents_refused_total\{.*\} (\d+)$/gm)];
  return lines.reduce((sum, [, count]) => sum + Number(count), 0);
}

const documentOf = async (key: string) => written((record) => record.key === key);

describe('a writer of the registry topic', () => {
  it('gives a limited key no rights, and takes none away', async () => {
    const key = await aKey();
    const { value, headers } = await documentOf(`credential/${key.accessKey}`);
    const forged = JSON.stringify({ ...JSON.parse(value), rights: ['invoke', 'read', 'manage'], functions: ['*'] });
    for (const attempt of [{}, headers, { ...headers, 'registry-sequence': '99' }]) {
      await forge(`credential/${key.accessKey}`, forged, attempt);
      expect((await call('theirs', key))[0]).toBe(403);
      expect(await call('mine', key)).toEqual([200, '"mine"']);
    }
    await forge(`credential/${key.accessKey}`, null);
    expect(await call('mine', key)).toEqual([200, '"mine"']);
    await forge('credential/FORGED', forged.replaceAll(key.accessKey, 'FORGED'), headers);
    expect((await call('mine', { ...key, accessKey: 'FORGED' }))[0]).toBe(401);
  });

  it('replaces no code in the executor', async () => {
    const key = await aKey();
    const functionKey = 'function/urn:fss:local:p1:function:default:mine';
    const { value, headers } = await documentOf(functionKey);
    const document = JSON.parse(value);
    const code = { ...document.code, source: 'exports.handler = async () => "forged";', digest: 'f'.repeat(128) };
    await forge(functionKey, JSON.stringify({ ...document, code, modifiedAt: document.modifiedAt + 1 }), headers);
    expect(await call('mine', key)).toEqual([200, '"mine"']);
  });

  it('revives no key that was disabled or deleted, after a restart neither', async () => {
    const [disabled, deleted] = [await aKey(), await aKey()];
    const [first, second] = [
      await documentOf(`credential/${disabled.accessKey}`),
      await documentOf(`credential/${deleted.accessKey}`),
    ];
    await installation.client.must('POST', `/sendoff/credentials/${disabled.accessKey}/disable`);
    await installation.client.must('DELETE', `/sendoff/credentials/${deleted.accessKey}`);
    await forge(first.key, first.value, first.headers);
    await forge(second.key, second.value, second.headers);
    expect([(await call('mine', disabled))[0], (await call('mine', deleted))[0]]).toEqual([401, 401]);

    const { dataDir, topicPrefix } = installation;
    expect(await installation.stop({ keepData: true })).toBe(0);
    installation = await Installation.start({ brokers, dataDir, env: { KAFKA_TOPIC_PREFIX: topicPrefix } });
    expect([(await call('mine', disabled))[0], (await call('mine', deleted))[0]]).toEqual([401, 401]);
    expect(await call('mine', await aKey())).toEqual([200, '"mine"']);
  });
});
