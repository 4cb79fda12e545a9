import { defineConfig } from 'vitest/config';
import LongFilesFirst from './test/long-files-first.ts';

/**
 * Libraries by their front doors, from source. An alias, because Vitest ignores the condition
 * `source` for global setup files.
 */
const source = {
  resolve: {
    alias: [
      { find: /^#([a-z]+)$/, replacement: `${import.meta.dirname}/libs/$1/src/index.ts` },
      { find: /^#([a-z]+)\/([a-z]+)$/, replacement: `${import.meta.dirname}/libs/$1/src/$2/index.ts` },
    ],
  },
};

/** Scenarios with several brokers, the whole tree or a flood need all of a small machine. */
const faultsAlone = ['three-brokers', 'own-broker', 'noisy-neighbour'].map((name) => `test/fault/${name}.test.ts`);

/**
 * One project a layer: `npm run test:unit` needs nothing but Node, the others bring a real broker.
 */
export default defineConfig({
  ...source,
  test: {
    fsModuleCache: false,
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: ['apps/**/*.test.ts', 'libs/**/*.test.ts', 'tools/**/*.test.ts', 'packages/**/*.test.ts'],
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          // A busy machine may take long. Tests whose subject is time measure it themselves.
          testTimeout: 20_000,
          // Many tests wait more than they work.
          maxWorkers: 3,
          // Loading the same modules anew for each file took more than half of the CPU time.
          isolate: false,
        },
      },
      {
        ...source,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          globalSetup: ['./test/broker.global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 3,
        },
      },
      {
        ...source,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          globalSetup: ['./test/broker.global-setup.ts'],
          testTimeout: 90_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      {
        ...source,
        test: {
          name: 'console',
          include: ['test/console/**/*.test.ts'],
          exclude: ['test/console/million.test.ts'],
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          globalSetup: ['./test/broker.global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      {
        ...source,
        test: {
          name: 'console-million',
          include: ['test/console/million.test.ts'],
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          globalSetup: ['./test/broker.global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
        },
      },
      {
        ...source,
        test: {
          name: 'fault',
          include: ['test/fault/**/*.test.ts'],
          exclude: faultsAlone,
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          // These scenarios wait more than they work.
          maxWorkers: 2,
        },
      },
      {
        ...source,
        test: {
          name: 'fault-alone',
          include: faultsAlone,
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          maxWorkers: 1,
        },
      },
      {
        ...source,
        test: {
          name: 'upgrade',
          include: ['test/upgrade/**/*.test.ts'],
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          maxWorkers: 1,
        },
      },
      {
        ...source,
        test: {
          name: 'chart',
          include: ['test/chart/**/*.test.ts'],
          exclude: ['test/chart/dry-run.test.ts'],
          setupFiles: ['./test/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
      {
        ...source,
        test: {
          name: 'cluster',
          include: ['test/chart/dry-run.test.ts'],
          setupFiles: ['./test/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...source,
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts'],
          setupFiles: ['./test/setup.ts'],
          maxWorkers: 1,
        },
      },
      {
        ...source,
        test: {
          name: 'several',
          include: ['test/several/**/*.test.ts'],
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          maxWorkers: 1,
        },
      },
      {
        ...source,
        test: {
          name: 'walls',
          include: ['test/walls/**/*.test.ts'],
          setupFiles: ['./test/setup.ts'],
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
