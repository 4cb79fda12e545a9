import { defineConfig } from 'vitest/config';

/**
 * Only the tests of the rules, which need nothing else: mutation tests run them thousands of times.
 */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^#([a-z]+)$/, replacement: `${import.meta.dirname}/libs/$1/src/index.ts` },
      { find: /^#([a-z]+)\/([a-z]+)$/, replacement: `${import.meta.dirname}/libs/$1/src/$2/index.ts` },
    ],
  },
  test: { include: ['libs/lifecycle/src/**/*.test.ts'], setupFiles: ['./test/setup.ts'], fsModuleCache: false },
});
