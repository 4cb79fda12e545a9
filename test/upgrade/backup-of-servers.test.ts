/**
 * Goal: an installation with PostgreSQL and S3 that was destroyed works again on new servers, from
 * the backup that docs/operations/backup.md describes. It is made while the services run.
 * Method: real servers. `pg_dump` and `pg_restore` make and restore the backup of the records.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BucketItem, Client as S3Client } from 'minio';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '#testing';
import { Installation } from '../e2e/installation.ts';
import { BrokerCluster } from '../fault/broker-cluster.ts';
import { postgresPrograms, startPostgres } from '../postgres-server.ts';
import { clientOf, missingIn, type RunningS3, s3Stores } from '../s3-stores.ts';
import { exported, furnish, greeted, imported } from './backups.ts';

const programs = postgresPrograms();
const [store] = s3Stores;
const missing = 'missing' in programs ? programs.missing : store === undefined ? 'no S3' : missingIn(store);

/** Every object of a store, by bucket and key. */
async function objectsOf(client: S3Client): Promise<readonly { bucket: string; key: string; bytes: Buffer }[]> {
  const found: { bucket: string; key: string; bytes: Buffer }[] = [];
  for (const { name: bucket } of await client.listBuckets())
    for await (const item of client.listObjectsV2(bucket, '', true) as AsyncIterable<BucketItem>) {
      const key = item.name ?? '';
      const chunks: Buffer[] = [];
      for await (const chunk of await client.getObject(bucket, key)) chunks.push(chunk as Buffer);
      found.push({ bucket, key, bytes: Buffer.concat(chunks) });
    }
  return found;
}

async function started() {
  const [brokers, postgres, s3] = await Promise.all([BrokerCluster.start(1), startPostgres(), store?.start()]);
  if (s3 === undefined) throw new Error('no S3');
  const databaseUrl = await postgres.newDatabase();
  const stop = async () => void (await Promise.all([brokers.stop(), postgres.stop(), s3.stop()]));
  return { brokers, databaseUrl, s3, stop, env: environmentOf(s3, databaseUrl) };
}

const environmentOf = (s3: RunningS3, databaseUrl: string) => ({
  ...{ DATABASE_URL: databaseUrl, S3_ENDPOINT: s3.endpoint, S3_ACCESS_KEY: s3.accessKey, S3_SECRET_KEY: s3.secretKey },
});

it.skipIf(missing !== undefined)(
  `works on new brokers, a new PostgreSQL and a new S3 from registry, keys, dump and objects${missing === undefined ? '' : ` (${missing})`}`,
  async () => {
    const bin = 'folder' in programs ? programs.folder : '';
    const backup = await mkdtemp(join(tmpdir(), 'sendoff-backup-'));
    onTestFinished(() => rm(backup, { recursive: true, force: true }));
    const old = await started();
    const dataDir = await mkdtemp(join(tmpdir(), 'sendoff-e2e-'));
    await clientOf(old.s3).makeBucket('results');
    const before = await Installation.start({ brokers: old.brokers.servers, dataDir, env: old.env });
    await furnish(before.client);
    const done = await before.client.invoke('greet', { name: 'early' });
    await before.client.delivered('greet', done);

    // The services run meanwhile.
    const topic = `${before.topicPrefix}registry`;
    const registry = await exported(old.brokers.servers, topic);
    const dump = join(backup, 'records.dump');
    execFileSync(join(bin, 'pg_dump'), ['--format=custom', '--no-owner', `--file=${dump}`, old.databaseUrl]);
    const objects = await objectsOf(clientOf(old.s3));
    await before.stop({ keepData: true });
    await old.stop();

    const fresh = await started();
    onTestFinished(fresh.stop);
    await imported(fresh.brokers.servers, topic, registry);
    execFileSync(join(bin, 'pg_restore'), ['--exit-on-error', '--no-owner', `--dbname=${fresh.databaseUrl}`, dump]);
    const s3 = clientOf(fresh.s3);
    for (const bucket of new Set(objects.map((object) => object.bucket))) await s3.makeBucket(bucket);
    for (const { bucket, key, bytes } of objects) await s3.putObject(bucket, key, bytes, bytes.length);
    const env = { ...fresh.env, KAFKA_TOPIC_PREFIX: before.topicPrefix };
    const after = await Installation.start({ brokers: fresh.brokers.servers, dataDir, env });
    onTestFinished(async () => void (await after.stop()));

    expect(await greeted(after.client, 'late')).toBe('late hush');
    expect((await after.client.record('greet', done))?.deliveries).toMatchObject([{ state: 'delivered' }]);
    const next = await after.client.invoke('greet', { name: 'next' });
    expect((await after.client.delivered('greet', next)).status).toBe('SUCCESS');
    await eventually(async () => (await objectsOf(s3)).filter(({ bucket }) => bucket === 'results').length === 2);
  },
  600_000,
);
