/**
 * Goal: notifications lie in a real S3, expire by rules that are really there, and leave the user's own rules alone.
 * Method: a MinIO of our own; its API, through the minio package, is asked for objects and rules.
 */
import { Client } from 'minio';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Target } from '#contracts';
import { aSettlement } from '#testing';
import { S3Destination } from '../../apps/notifier/src/adapters/s3-destination.ts';
import { destinationConformance } from '../../apps/notifier/src/destination.conformance.ts';
import { minioBinary, type RunningMinio, startMinio } from '../minio.ts';

const binary = await minioBinary();
const missing = 'missing' in binary ? binary.missing : undefined;
type ObsTarget = Extract<Target, { type: 'OBS' }>;

describe.skipIf(missing !== undefined)(missing ?? 'an object store', () => {
  let minio: RunningMinio;
  let client: Client;
  let bucketNumber = 0;
  let bucket = '';

  beforeAll(async () => {
    minio = await startMinio('file' in binary ? binary.file : '');
    const { hostname, port } = new URL(minio.endpoint);
    client = new Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      accessKey: minio.accessKey,
      secretKey: minio.secretKey,
    });
  });
  afterAll(async () => minio?.stop());
  beforeEach(async () => {
    bucket = `results-${++bucketNumber}`;
    await client.makeBucket(bucket);
  });

  const open = () => new S3Destination({ ...minio, region: 'us-east-1' });
  const target = (given: Partial<ObsTarget> = {}): ObsTarget => ({
    type: 'OBS',
    bucket,
    prefix: '/told/',
    expiresDays: 0,
    ...given,
  });
  const keys = async () => {
    const found: string[] = [];
    for await (const { name } of client.listObjectsV2(bucket, '', true) as AsyncIterable<{ name: string }>) found.push(name);
    return found;
  };
  const textOf = async (key: string) => {
    const chunks: Buffer[] = [];
    for await (const chunk of (await client.getObject(bucket, key)) as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const rules = async () => {
    const lifecycle = (await client.getBucketLifecycle(bucket)) as { Rule: object | object[] };
    return [lifecycle.Rule].flat();
  };
  const deliver = async (destination: S3Destination, to: ObsTarget, requestId = 'r1') => {
    const settlement = aSettlement();
    const named = { ...settlement, invocation: { ...settlement.invocation, requestId } };
    return destination.deliver({ settlement: named, message: '{}' }, to, new AbortController().signal);
  };

  destinationConformance('S3', async () => ({
    destination: open(),
    target: target(),
    refusing: target({ bucket: 'no-such-bucket' }),
    keepsCopies: false,
    received: async () => Promise.all((await keys()).map(textOf)),
    close: async () => undefined,
  }));

  it('keeps an object for ever below the bare prefix, as JSON', async () => {
    await deliver(open(), target());
    expect(await keys()).toEqual(['told/2027/01/15/r1.json']);
    expect((await client.statObject(bucket, 'told/2027/01/15/r1.json')).metaData['content-type']).toBe('application/json');
  });

  it('has the rule in force for an object that expires', async () => {
    const delivery = await deliver(open(), target({ expiresDays: 5 }));
    expect(delivery).toMatchObject({ kind: 'delivered' });
    expect(await keys()).toEqual(['told/expires-5d/2027/01/15/r1.json']);
    expect(await rules()).toMatchObject([
      {
        Status: 'Enabled',
        Filter: { Prefix: 'told/expires-5d/' },
        Expiration: { Days: expect.toSatisfy((days) => Number(days) === 5) },
      },
    ]);
    const response = await fetch(await client.presignedGetObject(bucket, 'told/expires-5d/2027/01/15/r1.json'));
    expect(response.headers.get('x-amz-expiration')).toMatch(
      /expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT", rule-id="sendoff-expires-5d-/,
    );
  });

  it('leaves the rules of the user alone', async () => {
    const own = { ID: 'mine', Status: 'Enabled', Filter: { Prefix: 'mine/' }, Expiration: { Days: 30 } };
    await client.setBucketLifecycle(bucket, { Rule: [own] } as never);
    const destination = open();
    await Promise.all([3, 7].map(async (expiresDays) => deliver(destination, target({ expiresDays }), `r${expiresDays}`)));
    const ids = (await rules()).map((rule) => (rule as { ID: string }).ID);
    expect(ids.length).toBe(3);
    expect(ids).toContain('mine');
    await deliver(open(), target({ expiresDays: 3 }), 'again');
    expect((await rules()).length).toBe(3);
  });

  it('defers while nobody answers', async () => {
    const nowhere = new S3Destination({ ...minio, endpoint: 'http://127.0.0.1:1', region: 'us-east-1' });
    const settlement = aSettlement();
    expect(await nowhere.deliver({ settlement, message: '{}' }, target(), AbortSignal.timeout(2_000))).toMatchObject({
      kind: 'deferred',
    });
  });
});
