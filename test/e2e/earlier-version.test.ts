/**
 * Goal: `npm start` on the data of a version before signatures goes on with its functions, secrets
 * and keys, and signs them once. Method: a registry topic and a credentials file as that version
 * left them.
 */
import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, expect, inject, it } from 'vitest';
import { createTopic } from '../user-topics.ts';
import { Installation } from './installation.ts';

const platformKey = randomBytes(32).toString('base64url');
const brokers = inject('kafkaBrokers');
const topicPrefix = `earlier-${Math.random().toString(36).slice(2, 10)}.`;
const urn = 'urn:fss:local:p1:function:default:old';

/** Seals a text as that version did: directly under the platform key. */
function sealed(secret: string, owner: string): string {
  const key = Buffer.from(hkdfSync('sha256', platformKey, '', 'sendoff sealed secrets', 32));
  const nonce = randomBytes(12);
  const encryption = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner));
  const parts = [nonce, encryption.update(secret, 'utf8'), encryption.final(), encryption.getAuthTag()];
  return `v1.${Buffer.concat(parts).toString('base64url')}`;
}

function functionDocument(source: string): object {
  return {
    ...{ kind: 'function', urn, id: 'f-old', project: 'p1', package: 'default', name: 'old', runtime: 'Node.js20.15' },
    ...{ handler: 'index.handler', timeoutMs: 5_000, memoryMb: 128, codeType: 'inline', description: '', instancesMax: -1 },
    code: { kind: 'inline', source, digest: 'a'.repeat(128) },
    userData: {},
    sealedUserData: { password: sealed('hush-hush', `function/${urn} user data password`) },
    ...{ concurrencyPerInstance: 1, createdAt: 1, modifiedAt: 1, kept: {} },
  };
}

async function writeRegistry(documents: readonly (readonly [key: string, document: object])[]): Promise<void> {
  const kafka = new Kafka({ clientId: 'an-earlier-version', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  const topic = `${topicPrefix}registry`;
  await createTopic(admin, { topic });
  await producer.send({ topic, messages: documents.map(([key, document]) => ({ key, value: JSON.stringify(document) })) });
  await Promise.all([admin.disconnect(), producer.disconnect()]);
}

let installation: Installation | undefined;
afterAll(async () => installation?.stop());

it('signs the documents that it finds, and opens their secrets', async () => {
  const source = 'exports.handler = async (event, context) => context.getUserData("password");';
  await writeRegistry([[`function/${urn}`, functionDocument(source)]]);
  const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-earlier-'));
  await writeFile(join(dataDir, 'credentials.json'), JSON.stringify({ platformKey, internalToken: 'of that version' }));
  const env = { KAFKA_TOPIC_PREFIX: topicPrefix };
  installation = await Installation.start({ brokers, dataDir, env });
  expect(installation.output.join('\n')).toContain('ingress: signed 1 documents');
  const answer = await installation.client.call('POST', '/fgs/functions/old/invocations', {});
  expect([answer.status, answer.body]).toEqual([200, 'hush-hush']);
  expect(JSON.parse(await readFile(join(dataDir, 'credentials.json'), 'utf8'))).toMatchObject({ isRegistrySigned: true });

  // From now on a document without a signature is a forgery, at the next start too.
  await writeRegistry([[`function/${urn}`, functionDocument('exports.handler = async () => "forged";')]]);
  await installation.stop({ keepData: true });
  installation = await Installation.start({ brokers, dataDir, env });
  expect(installation.output.join('\n')).not.toContain('ingress: signed');
  expect((await installation.client.call('POST', '/fgs/functions/old/invocations', {})).body).toBe('hush-hush');
});
