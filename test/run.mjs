/**
 * Runs for `npm test`: builds, then runs every suite in turn. Prints each skipped test with its
 * reason, each failed one with its error, and last one plain line of counts.
 *
 * Exits non-zero if a test failed, a suite could not be loaded, or no test ran.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The suites of one row run at the same time: they need one core each. */
const rows = [['unit'], ['integration'], ['e2e'], ['console'], ['walls', 'chart'], ['fault'], ['fault-alone']];
const folder = mkdtempSync(join(tmpdir(), 'sendoff-tests-'));
let passed = 0;
const failures = [];
const skips = [];
const running = new Set();

/** The exit code of a run that a signal ends. */
let interrupted;

for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    interrupted ??= 128 + constants.signals[signal];
    running.forEach((child) => child.kill(signal));
  });

/** Runs a command of this checkout. @returns its exit code; 1 where a signal ended it. */
async function run(command, args, env = {}) {
  const child = spawn(resolve('node_modules', '.bin', command), args, { stdio: 'inherit', env: { ...process.env, ...env } });
  running.add(child);
  const code = await new Promise((settle) => child.once('exit', settle));
  running.delete(child);
  return code ?? 1;
}

/** Runs a suite and adds its counts up. @returns true if it ran and nothing failed. */
async function runSuite(suite) {
  const file = join(folder, `${suite}.json`);
  const reporters = ['--reporter=default', '--reporter=./test/counts-reporter.mjs'];
  const code = await run('vitest', ['run', '--project', suite, ...reporters, ...process.argv.slice(2)], { COUNTS_FILE: file });
  return count(file) && code === 0;
}

/** Adds up what a suite reported. @returns false when it left no report. */
function count(file) {
  try {
    const counts = JSON.parse(readFileSync(file, 'utf8'));
    passed += counts.passed;
    failures.push(...counts.failures);
    skips.push(...counts.skips);
    return true;
  } catch {
    return false;
  }
}

let isGreen = (await run(process.execPath, ['tools/build.mjs'])) === 0;
if (!isGreen) console.error('the build failed: nothing was tested');
for (const suites of isGreen ? rows : []) {
  if (interrupted !== undefined) break;
  const results = await Promise.all(suites.map(runSuite));
  if (results.includes(false)) isGreen = false;
}
rmSync(folder, { recursive: true, force: true });
for (const skip of skips) console.log(`skipped: ${skip}`);
for (const failure of failures) console.log(`failed: ${failure}`);
if (passed + failures.length === 0) isGreen = false;
console.log(`${passed} passed, ${failures.length} failed, ${skips.length} skipped`);
process.exit(interrupted ?? (isGreen && failures.length === 0 ? 0 : 1));
