/**
 * Goal: an S3 keeps the promises of an object store. Method: the conformance suite against real
 * stores of our own, also in a bucket with object lock.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Client } from '#objects';
import { objectStoreConformance } from '../../libs/objects/src/object-store.conformance.ts';
import { S3ObjectStore } from '../../libs/objects/src/s3-object-store.ts';
import { makeLockedBucket, missingIn, type RunningS3, s3Stores } from '../s3-stores.ts';

describe.each(s3Stores)('$name', (kind) => {
  const missing = missingIn(kind);
  describe.skipIf(missing !== undefined)(missing ?? 'an object store in S3', () => {
    let s3: RunningS3;
    let number = 0;
    beforeAll(async () => {
      s3 = await kind.start();
    });
    afterAll(async () => s3?.stop());

    objectStoreConformance('S3', async () => {
      const options = { ...s3, region: 'us-east-1' };
      const bucket = `code-${++number}`;
      return {
        store: new S3ObjectStore(options, bucket),
        unreachable: new S3ObjectStore({ ...options, endpoint: 'http://127.0.0.1:1' }, bucket),
        async damage(digest: string) {
          await s3Client(options).putObject(bucket, `sha512/${digest}`, Buffer.from('other'));
        },
        close: async () => undefined,
      };
    });

    it('stores objects of one part and of several in a bucket with object lock', async () => {
      const options = { ...s3, region: 'us-east-1' };
      await makeLockedBucket(s3Client(options), 'locked');
      const store = new S3ObjectStore(options, 'locked');
      for (const bytes of [Buffer.from('small'), Buffer.alloc(6 * 1_048_576, 1)])
        expect((await store.get(await store.put(bytes)))?.equals(bytes)).toBe(true);
    });
  });
});
