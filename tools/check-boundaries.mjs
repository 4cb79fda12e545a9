/**
 * Runs dependency-cruiser over all apps, libraries and packages.
 *
 * dependency-cruiser ends with 0 if it finds no module. So this check fails if it finds too few.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const modulesMin = Number(process.argv[3] ?? 100);
const folder = process.argv[2] ?? '.';

// The tests of this check have no packages.
const roots = ['apps', 'libs', 'packages', 'test'].filter((root) => existsSync(join(folder, root)));

let report;
try {
  report = execFileSync('depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...roots], {
    cwd: folder,
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
} catch (error) {
  report = error.stdout;
}
const { summary } = JSON.parse(String(report));
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} -> ${to}`);
console.log(`boundaries: ${summary.totalCruised} modules, ${summary.violations.length} violations`);
if (summary.totalCruised < modulesMin) {
  console.error(`only ${summary.totalCruised} modules were seen, ${modulesMin} are expected at least: the check checks nothing`);
  process.exit(1);
}
process.exit(summary.violations.length === 0 ? 0 : 1);
