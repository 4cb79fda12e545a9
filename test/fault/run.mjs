/**
 * Runs for `npm run test:fault [name]`: builds, then runs the long form of the scenarios whose name
 * contains all given words, in that order. Without words it runs all scenarios.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs a command of this checkout and ends with its exit code if that is not 0. */
function run(command, args, env = {}) {
  const { status } = spawnSync(join('node_modules', '.bin', command), args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

const words = process.argv.slice(2);
run('node', ['tools/build.mjs']);
run(
  'vitest',
  [
    'run',
    '--project',
    'fault',
    '--project',
    'fault-alone',
    '--maxWorkers',
    '1',
    ...(words.length === 0 ? [] : ['-t', words.join('.*')]),
  ],
  { FAULT_FORM: 'long' },
);
