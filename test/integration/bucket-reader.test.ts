/**
 * Goal: the buckets of an S3 are read as those of a folder are, and a refusal of the store says its
 * code. Method: the conformance suite against real stores of our own.
 */
import type { Client } from 'minio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketReaderConformance } from '../../libs/objects/src/bucket-reader.conformance.ts';
import { S3BucketReader } from '../../libs/objects/src/s3-bucket-reader.ts';
import { clientOf, missingIn, type RunningS3, s3Stores } from '../s3-stores.ts';

const patient = new AbortController().signal;
const query = { bucket: 'results', prefix: '', limit: 10 };

async function emptied(client: Client, bucket: string): Promise<void> {
  if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket);
  for await (const { name } of client.listObjectsV2(bucket, '', true) as AsyncIterable<{ name: string }>)
    await client.removeObject(bucket, name);
}

describe.each(s3Stores)('$name', (kind) => {
  const missing = missingIn(kind);
  describe.skipIf(missing !== undefined)(missing ?? 'the buckets of an S3', () => {
    let s3: RunningS3;
    let client: Client;
    const open = (more: Partial<RunningS3> = {}) => new S3BucketReader({ ...s3, region: 'us-east-1', ...more }, ['code']);
    beforeAll(async () => {
      s3 = await kind.start();
      client = clientOf(s3);
    });
    afterAll(async () => s3?.stop());

    bucketReaderConformance('An S3', async () => {
      await emptied(client, 'results');
      return {
        reader: open(),
        async put(key, text) {
          await client.putObject('results', key, text);
        },
        unreachable: open({ endpoint: 'http://127.0.0.1:1' }),
        close: async () => undefined,
      };
    });

    it('lists more objects than the store lists in one answer', async () => {
      await emptied(client, 'many');
      const keys = Array.from({ length: 1_100 }, (_, number) => `told/${String(number).padStart(4, '0')}.json`);
      await Promise.all(keys.map(async (key) => client.putObject('many', key, '{}')));
      const page = await open().list({ ...query, bucket: 'many', limit: 3 }, patient);
      expect(page).toMatchObject({
        objects: keys
          .slice(-3)
          .toReversed()
          .map((key) => ({ key })),
        below: 'told/1097.json',
      });
    });

    it('tells a bucket that the store does not have, and keeps those of the platform apart', async () => {
      expect(await open().list({ ...query, bucket: 'nobody' }, patient)).toEqual({ kind: 'no-bucket' });
      expect(await open().read('nobody', 'x', 1, patient)).toEqual({ kind: 'no-object' });
      expect(['code', 'results'].map((bucket) => open().isOfPlatform(bucket))).toEqual([true, false]);
    });

    it('tells the code of a refusal', async () => {
      const foreign = open({ secretKey: 'a-wrong-secret-key' });
      const refused = { kind: 'refused', code: 'SignatureDoesNotMatch' };
      expect(await foreign.list(query, patient)).toEqual(refused);
      expect(await foreign.read('results', 'x', 1, patient)).toEqual(refused);
    });
  });
});
