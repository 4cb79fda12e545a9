/**
 * Runs for `npm run test:upgrade [name]`: builds the last release and this checkout, then rolls an
 * installation from one to the other under load.
 *
 * The last release is `UPGRADE_FROM`, else the newest tag `v*` before this commit, else the commit
 * `upgradesFrom` in package.json. It is built in `.cache/releases/<commit>`, once.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = process.cwd();

/** Runs a command of a checkout and ends with its exit code if that is not 0. */
function run(command, args, { cwd = root, env = {} } = {}) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}

/** The answer of git, without the line end; undefined if git fails. */
function git(...args) {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

/** The commit of the last release. Ends the process with 1 if the history does not reach it. */
function lastRelease() {
  const { upgradesFrom } = JSON.parse(readFileSync('package.json', 'utf8'));
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^');
  const ref = process.env.UPGRADE_FROM ?? tag ?? upgradesFrom;
  const commit = git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`);
  if (commit !== undefined) return commit;
  console.error(`test:upgrade: git does not have ${ref}. Fetch the whole history: git fetch --unshallow --tags`);
  process.exit(1);
}

/** Unpacks and builds a commit. @returns its folder. */
function built(commit) {
  const folder = resolve('.cache/releases', commit);
  const done = join(folder, 'dist/.complete');
  if (existsSync(done)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = execFileSync('git', ['archive', commit], { maxBuffer: 2 ** 30 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  const isSame = readFileSync(join(folder, 'package-lock.json')).equals(readFileSync('package-lock.json'));
  if (isSame) symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  else run('npm', ['ci', '--ignore-scripts'], { cwd: folder });
  run(join(folder, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], { cwd: folder });
  writeFileSync(done, '');
  return folder;
}

const folder = built(lastRelease());
run('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json']);
const words = process.argv.slice(2);
run('node_modules/.bin/vitest', ['run', '--project', 'upgrade', ...(words.length === 0 ? [] : ['-t', words.join('.*')])], {
  env: { LAST_RELEASE_DIR: folder },
});
