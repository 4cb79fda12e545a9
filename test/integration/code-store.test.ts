/**
 * Goal: an S3 keeps the promises of an object store. Method: the conformance suite against a MinIO
 * of our own.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { s3Client } from '#objects';
import { objectStoreConformance } from '../../libs/objects/src/object-store.conformance.ts';
import { S3ObjectStore } from '../../libs/objects/src/s3-object-store.ts';
import { minioBinary, type RunningMinio, startMinio } from '../minio.ts';

const binary = await minioBinary();
const missing = 'missing' in binary ? binary.missing : undefined;

describe.skipIf(missing !== undefined)(missing ?? 'an object store in S3', () => {
  let minio: RunningMinio;
  let number = 0;
  beforeAll(async () => {
    minio = await startMinio('file' in binary ? binary.file : '');
  });
  afterAll(async () => minio?.stop());

  objectStoreConformance('S3', async () => {
    const options = { ...minio, region: 'us-east-1' };
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
});
