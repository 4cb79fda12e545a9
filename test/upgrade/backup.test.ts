/**
 * Goal: an installation that was destroyed works again from the backup that docs/operations
 * describes. Method: real installations whose data and brokers are removed, then restored.
 */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '#testing';
import { Installation } from '../e2e/installation.ts';
import { BrokerCluster } from '../fault/broker-cluster.ts';
import { exported, furnish, greeted, imported } from './backups.ts';

const timeoutMs = 600_000;

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sendoff-backup-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The files of a bucket in the folder store. */
async function objectsIn(dataDir: string): Promise<readonly string[]> {
  const all = await readdir(join(dataDir, 'objects', 'results'), { recursive: true });
  return all.filter((name) => name.endsWith('.json'));
}

it(
  'goes on from a copy of the data folder, with what was waiting',
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-e2e-'));
    const before = await Installation.start({ dataDir });
    const env = { KAFKA_TOPIC_PREFIX: before.topicPrefix };
    await furnish(before.client);
    const done = await before.client.invoke('greet', { name: 'early' });
    await before.client.delivered('greet', done);
    const path = '/fgs/functions/greet/invocations-async';
    // It waits in a delay topic until after the restore.
    const waiting = await before.client.call('POST', path, { name: 'waiting' }, { 'x-sendoff-delay-seconds': '25' });
    await before.stop({ keepData: true });

    const backup = await temporaryFolder();
    await cp(dataDir, backup, { recursive: true });
    await rm(dataDir, { recursive: true, force: true });
    await cp(backup, dataDir, { recursive: true });

    const after = await Installation.start({ dataDir, env });
    onTestFinished(async () => void (await after.stop()));
    expect(await greeted(after.client, 'late')).toBe('late hush');
    expect((await after.client.ended('greet', String(waiting.body['request_id']))).status).toBe('SUCCESS');
    expect((await after.client.record('greet', done))?.deliveries).toMatchObject([{ state: 'delivered' }]);
    expect((await objectsIn(dataDir)).length).toBeGreaterThanOrEqual(1);
  },
  timeoutMs,
);

it(
  'works on new brokers from the registry, the keys, the code, the objects and the status store',
  async () => {
    const lost = await BrokerCluster.start(1);
    onTestFinished(() => lost.stop());
    const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-e2e-'));
    const before = await Installation.start({ brokers: lost.servers, dataDir });
    const topic = `${before.topicPrefix}registry`;
    await furnish(before.client);
    const done = await before.client.invoke('greet', { name: 'early' });
    await before.client.delivered('greet', done);
    const registry = await exported(lost.servers, topic);
    await before.stop({ keepData: true });
    const backup = await temporaryFolder();
    for (const name of await readdir(dataDir))
      if (/^(credentials\.json|code|objects|status\.db.*)$/.test(name))
        await cp(join(dataDir, name), join(backup, name), { recursive: true });
    await lost.stop();
    await rm(dataDir, { recursive: true, force: true });

    const brokers = await BrokerCluster.start(1);
    onTestFinished(() => brokers.stop());
    await imported(brokers.servers, topic, registry);
    await cp(backup, dataDir, { recursive: true });
    const after = await Installation.start({
      brokers: brokers.servers,
      dataDir,
      env: { KAFKA_TOPIC_PREFIX: before.topicPrefix },
    });
    onTestFinished(async () => void (await after.stop()));
    expect(await greeted(after.client, 'late')).toBe('late hush');
    expect((await after.client.record('greet', done))?.status).toBe('SUCCESS');
    const next = await after.client.invoke('greet', { name: 'next' });
    expect((await after.client.delivered('greet', next)).deliveries).toMatchObject([{ state: 'delivered' }]);
    await eventually(async () => (await objectsIn(dataDir)).length === 2);
  },
  timeoutMs,
);
