import type { components } from '../api/schema.ts';

/** Runtimes that the dialog offers. An installation may refuse one, and says so. */
export const runtimes = ['Node.js20.15', 'Node.js18.15', 'http'];

/** Sizes of memory that a function may have, in MB. */
export const memorySizes = [
  '128',
  '256',
  '512',
  '768',
  '1024',
  '1280',
  '1536',
  '1792',
  '2048',
  '2560',
  '3072',
  '3584',
  '4096',
  '8192',
  '10240',
];

/** A size of memory, in MB. */
export type MemorySize = components['schemas']['CreateFunctionDto']['memory_size'];
