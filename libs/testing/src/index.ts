export * from './a-zip.ts';
export * from './builders.ts';
export * from './eventually.ts';
export * from './manual-clock.ts';
