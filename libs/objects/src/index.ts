export { ArchiveReader, sharedBytes } from './archive-reader.ts';
export { type ArchiveFiles, type FileField, type InspectedArchive, isBase64, type OpenedBody } from './archive-worker.ts';
export * from './archive.ts';
export * from './object-store.config.ts';
export * from './object-store.ts';
export * from './open-object-store.ts';
export * from './s3.ts';
export * from './write-archive.ts';
