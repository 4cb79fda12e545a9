export * from './archive.ts';
export * from './object-store.config.ts';
export * from './object-store.ts';
export * from './open-object-store.ts';
export * from './s3.ts';
export * from './write-archive.ts';
