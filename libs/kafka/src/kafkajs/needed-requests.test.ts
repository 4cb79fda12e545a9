/** Goal: brokers that lack a request are refused at the start. Method: scripted brokers. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type PlatformError, Topics } from '#contracts';
import type { KafkaGateway } from '../ports.ts';
import { ScriptedBrokers } from '#testing';
import { connectKafka } from './connect-kafka.ts';

let brokers: ScriptedBrokers;
let gateway: KafkaGateway | undefined;
beforeEach(async () => {
  brokers = await ScriptedBrokers.start({ brokers: 1 });
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await brokers.stop();
});

async function connecting(): Promise<KafkaGateway> {
  return connectKafka({
    brokers: brokers.addresses,
    clientId: 'test',
    topics: new Topics('sendoff'),
    replication: 1,
    connectTimeoutMs: 20_000,
  });
}

it('connects to brokers that have all requests', async () => {
  gateway = await connecting();
  expect(gateway.isConnected()).toBe(true);
});

it('refuses brokers with requests that are too old, too new or missing, and names all within seconds', async () => {
  const [produce, fetch, joinGroup] = [0, 1, 11];
  brokers.script('ApiVersions', async (_received, usual) => {
    const answer = await usual();
    const others = answer.versions.filter(({ key }) => ![produce, fetch, joinGroup].includes(key));
    const [old, young] = [
      { key: produce, versionMin: 0, versionMax: 2 },
      { key: fetch, versionMin: 90, versionMax: 99 },
    ];
    return { ...answer, versions: [...others, old, young] };
  });
  const startedAt = performance.now();
  const refused = await connecting().catch((error: unknown) => error as PlatformError);
  expect(refused).toMatchObject({
    code: 'BROKER_UNSUITABLE',
    details: {
      missing: [
        expect.stringMatching(/^Produce in a version from 3 to \d+ \(it has 0 to 2\)$/),
        expect.stringMatching(/^Fetch in a version from 4 to \d+ \(it has 90 to 99\)$/),
        expect.stringMatching(/^JoinGroup in a version from 0 to \d+ \(it has none\)$/),
      ],
    },
  });
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
