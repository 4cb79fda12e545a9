import { join } from 'node:path';
import { FolderObjectStore } from './folder-object-store.ts';
import type { CodeStoreConfig, ObjectStoreConfig } from './object-store.config.ts';
import type { ObjectStore } from './object-store.ts';
import type { S3Options } from './s3.ts';
import { S3ObjectStore } from './s3-object-store.ts';

/** The S3 of a config; undefined where it names none. */
export function s3Of(config: Readonly<ObjectStoreConfig>): S3Options | undefined {
  const { s3Endpoint: endpoint, s3AccessKey: accessKey, s3SecretKey: secretKey, s3Region: region } = config;
  if (endpoint === undefined || accessKey === undefined || secretKey === undefined) return undefined;
  return { endpoint, accessKey, secretKey, region };
}

/** The store for the code of functions: a bucket where the config names an S3, else a folder below the data folder. */
export function openCodeStore(config: Readonly<CodeStoreConfig>): ObjectStore {
  const s3 = s3Of(config);
  return s3 === undefined ? new FolderObjectStore(join(config.dataDir, 'code')) : new S3ObjectStore(s3, config.codeBucket);
}
