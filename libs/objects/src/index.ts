export { archiveLimits, readArchive, unpackArchive } from './archive.ts';
export { ArchiveReader, sharedBytes } from './archive-reader.ts';
export { type FileField, isBase64 } from './archive-worker.ts';
export { CodeStoreSettings, ObjectStoreSettings, PayloadStoreSettings } from './object-store-settings.ts';
export { digestOf, type ObjectStore } from './object-store.ts';
export { openCodeStore, openPayloadStore, s3Of } from './open-object-store.ts';
export { md5Of, putInOneRequest, s3Client, type S3Options } from './s3.ts';
export { isPayloadReference, payloadBytesLimit, PayloadStore, type StoredPayload } from './payload-store.ts';
export { type ArchiveFile, writeArchive } from './write-archive.ts';
