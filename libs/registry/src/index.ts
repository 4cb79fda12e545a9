export { Registry } from './registry.ts';
export { RegistryKeeper } from './registry-keeper.ts';
export { type Change, RegistryWriter } from './registry-writer.ts';
export { signRegistry } from './sign-registry.ts';
