/**
 * Compares the packages that an installation ships with known advisories: first with the list
 * `tools/advisories.json`, which needs no network, then with the registry (`npm audit`).
 *
 * A registry without an answer is reported as skipped, with the reason. Exits with 1 if a package
 * is affected.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const auditTimeoutMs = 60_000;

const parts = (version) => version.split('-')[0].split('.').map(Number);

/** True if version `a` is lower than `b`. A pre-release counts as its release. */
function isLower(a, b) {
  const [left, right] = [parts(a), parts(b)];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at >= 0 && left[at] < right[at];
}

/**
 * True if a version lacks the fix.
 * @param fixed the first version with the fix, for each major version that got one. A major version
 *   above all of them has the fix.
 */
export function isAffected(version, fixed) {
  const sameMajor = fixed.find((fix) => parts(fix)[0] === parts(version)[0]);
  return sameMajor === undefined ? fixed.some((fix) => isLower(version, fix)) : isLower(version, sameMajor);
}

const folder = 'node_modules/';

/** The packages that an installation ships. A package under another name states its own. */
export function shippedPackages(lockfile) {
  return Object.entries(lockfile.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { name, version }]) => ({ name: name ?? path.slice(path.lastIndexOf(folder) + folder.length), version }));
}

/** One line for each shipped package that an advisory of the list concerns. */
export function findings(lockfile, advisories) {
  return shippedPackages(lockfile).flatMap(({ name, version }) =>
    advisories
      .filter((advisory) => advisory.package === name && isAffected(version, advisory.fixed))
      .map(({ id, fixed, source }) => `${name} ${version} is affected by ${id}; fixed in ${fixed.join(', ')}; see ${source}`),
  );
}

/**
 * How to run npm: as it was run itself, or by its name.
 * @returns {[command: string, firstArguments: string[]]}
 */
export function npmCommand() {
  const npm = process.env['npm_execpath'];
  return npm === undefined ? ['npm', []] : [process.execPath, [npm]];
}

/** Asks the registry. Returns its report, or why it gave none. */
function audit() {
  const [command, first] = npmCommand();
  const args = [...first, 'audit', '--omit=dev', '--audit-level=high', '--json'];
  const { stdout, error } = spawnSync(command, args, { encoding: 'utf8', timeout: auditTimeoutMs, maxBuffer: 64 * 1_048_576 });
  if (error !== undefined) return { skipped: error.message };
  try {
    const report = JSON.parse(stdout);
    const counts = report.metadata?.vulnerabilities;
    if (counts === undefined) return { skipped: report.message ?? report.error?.summary ?? 'the registry gave no report' };
    return { found: counts.high + counts.critical };
  } catch {
    return { skipped: 'the registry gave no report' };
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const advisories = JSON.parse(readFileSync('tools/advisories.json', 'utf8'));
  const found = findings(JSON.parse(readFileSync('package-lock.json', 'utf8')), advisories);
  for (const line of found) process.stdout.write(`advisories: ${line}\n`);
  process.stdout.write(`advisories: ${advisories.length} of the list checked, ${found.length} apply\n`);
  const registry = audit();
  if ('skipped' in registry) process.stdout.write(`advisories: 1 skipped: npm audit: ${registry.skipped}\n`);
  else process.stdout.write(`advisories: npm audit found ${registry.found} of severity high or critical\n`);
  process.exitCode = found.length > 0 || (registry.found ?? 0) > 0 ? 1 : 0;
}
