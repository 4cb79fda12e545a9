/**
 * Goal: the registry replays after a restart and reads its own writes. Method: a real broker,
 * 10,000 documents; prints the replay time.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, inject } from 'vitest';
import { type AgencyDocument, registryKey, Topics } from '#contracts';
import { connectKafka, type KafkaGateway, topicSpecs } from '#kafka';
import { Registry, RegistryWriter } from '#registry';
import { testSigner, testVerifier } from '#testing';

const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
const count = 10_000;
let kafka: KafkaGateway;

const anAgency = (name: string, grants = 1): AgencyDocument => ({
  kind: 'agency',
  project: `p${name.length}`,
  name,
  grants: Array.from({ length: grants }, () => ({ type: 'OBS', resource: 'bucket-*' }) as const),
});

async function withRegistry<Answer>(use: (registry: Registry, writer: RegistryWriter) => Promise<Answer>): Promise<Answer> {
  const registry = new Registry({ gateway: kafka, verifier: testVerifier });
  await registry.start();
  try {
    return await use(registry, new RegistryWriter({ registry, gateway: kafka, signer: testSigner }));
  } finally {
    await registry.close();
  }
}

beforeAll(async () => {
  kafka = await connectKafka({ brokers: inject('kafkaBrokers').split(','), clientId: 'registry', topics, replication: 1 });
  await kafka.admin.ensureTopics(topicSpecs(topics, 1).filter(({ topic }) => topic === topics.name('registry')));
});
afterAll(() => kafka?.close());

it('a registry finds a document it has just written, and so does the registry of a second process', async () => {
  await withRegistry(async (registry, writer) => {
    await withRegistry(async (other) => {
      for (let version = 1; version <= 20; version += 1) {
        await writer.mutate(() => ({ changes: [anAgency('versioned', version)] }));
        expect(registry.agency('p9', 'versioned')?.grants.length).toBe(version);
      }
      await other.caughtUp(5_000);
      expect(other.agency('p9', 'versioned')?.grants.length).toBe(20);
    });
  });
});

it('a registry replays all 10,000 documents after a restart', async () => {
  const names = Array.from({ length: count }, (_, index) => `agency-${index}`);
  await withRegistry(async (_registry, writer) => {
    for (let from = 0; from < count; from += 1_000)
      await writer.mutate(() => ({ changes: names.slice(from, from + 1_000).map((name) => anAgency(name)) }));
    await writer.mutate(() => ({ changes: [{ delete: registryKey(anAgency('agency-7')) }] }));
  });
  const startedAt = performance.now();
  await withRegistry(async (registry) => {
    console.log(`replayed ${registry.size} documents in ${Math.round(performance.now() - startedAt)} ms`);
    expect(registry.agency('p8', 'agency-7')).toBeUndefined();
    expect(registry.list('agency').filter(({ name }) => name.startsWith('agency-')).length).toBe(count - 1);
  });
});
