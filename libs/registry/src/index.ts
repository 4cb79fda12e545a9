export { Registry } from './registry.ts';
export { type Change, RegistryWriter } from './registry-writer.ts';
