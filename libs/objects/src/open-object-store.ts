import { join } from 'node:path';
import type { BucketReader } from './bucket-reader.ts';
import { FolderBucketReader } from './folder-bucket-reader.ts';
import { FolderObjectStore } from './folder-object-store.ts';
import { type Clock, textSource } from '#platform';
import type { CodeStoreSettings, ObjectStoreSettings, PayloadStoreSettings } from './object-store-settings.ts';
import { PayloadStore } from './payload-store.ts';
import type { ObjectStore } from './object-store.ts';
import type { S3Options } from './s3.ts';
import { S3BucketReader } from './s3-bucket-reader.ts';
import { S3ObjectStore } from './s3-object-store.ts';

/**
 * The S3 options of a config. Undefined if the config sets no S3 endpoint.
 * @throws PlatformError `CONFIG_INVALID` if the file with the authorities cannot be read.
 */
export function s3Of(config: Readonly<Omit<ObjectStoreSettings, 'faults'>>): S3Options | undefined {
  const { s3Endpoint: endpoint, s3AccessKey: accessKey, s3SecretKey: secretKey, s3Region: region } = config;
  if (endpoint === undefined || accessKey === undefined || secretKey === undefined) return undefined;
  return { endpoint, accessKey, secretKey, region, ca: textSource(undefined, config.s3CaFile, 'S3_CA_FILE') };
}

/**
 * The store for large payloads: a bucket if the config sets an S3 endpoint, else the folder
 * `payloads` in the data folder.
 */
export function openPayloadStore(config: Readonly<PayloadStoreSettings>, clock: Pick<Clock, 'now' | 'elapsedMs'>): PayloadStore {
  const s3 = s3Of(config);
  const objects =
    s3 === undefined
      ? new FolderObjectStore(join(config.dataDir, 'payloads'), clock)
      : new S3ObjectStore(s3, config.payloadBucket);
  return new PayloadStore(objects, clock);
}

/**
 * The store for function code: a bucket if the config sets an S3 endpoint, else the folder `code`
 * in the data folder.
 */
export function openCodeStore(config: Readonly<CodeStoreSettings>, clock: Pick<Clock, 'now'>): ObjectStore {
  const s3 = s3Of(config);
  return s3 === undefined ? new FolderObjectStore(join(config.dataDir, 'code'), clock) : new S3ObjectStore(s3, config.codeBucket);
}

/**
 * The reader of the buckets that notifications go to. If the config sets no S3 endpoint, they are
 * folders in the folder `objects` in the data folder.
 */
export function openBucketReader(config: Readonly<PayloadStoreSettings>): BucketReader {
  const s3 = s3Of(config);
  if (s3 === undefined) return new FolderBucketReader(join(config.dataDir, 'objects'));
  return new S3BucketReader(s3, [config.codeBucket, config.payloadBucket]);
}
