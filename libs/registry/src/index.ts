export type { DocumentOf } from './document-index.ts';
export * from './registry.ts';
export * from './registry-writer.ts';
