/**
 * Runs for `npm test`: builds, then runs every suite in turn. Prints each skipped test with its
 * reason, and last one plain line of counts.
 *
 * Exits non-zero if a test failed, a suite could not be loaded, or no test ran.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The suites of one row run at the same time: they need one core each. */
const rows = [['unit'], ['integration'], ['e2e'], ['console', 'walls', 'chart'], ['fault'], ['fault-alone']];
const folder = mkdtempSync(join(tmpdir(), 'sendoff-tests-'));
const totals = { passed: 0, failed: 0 };
const skips = [];
const running = new Set();

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => running.forEach((child) => child.kill(signal)));

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
    totals.passed += counts.passed;
    totals.failed += counts.failed;
    skips.push(...counts.skips);
    return true;
  } catch {
    return false;
  }
}

let isGreen = (await run(process.execPath, ['tools/build.mjs'])) === 0;
if (!isGreen) console.error('the build failed: nothing was tested');
for (const suites of isGreen ? rows : []) {
  const results = await Promise.all(suites.map(runSuite));
  if (results.includes(false)) isGreen = false;
}
rmSync(folder, { recursive: true, force: true });
for (const skip of skips) console.log(`skipped: ${skip}`);
if (totals.passed + totals.failed === 0) isGreen = false;
console.log(`${totals.passed} passed, ${totals.failed} failed, ${skips.length} skipped`);
process.exit(isGreen && totals.failed === 0 ? 0 : 1);
