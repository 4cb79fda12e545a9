/**
 * Runs for `npm run build`: compiles the services, joins the modules of each, then builds the
 * console. It builds nothing again that has not changed. Arguments go to the compiler.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';

/** Runs a step, and ends with its exit code if it fails. */
function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

run('tsc', ['-p', 'tsconfig.build.json', ...process.argv.slice(2)]);
// npx makes it executable once for each folder. After a build from nothing it would not run.
chmodSync('dist/apps/cli/src/main.js', 0o755);
run(process.execPath, ['tools/bundle-services.mjs']);
run(process.execPath, ['--disable-warning=TimeoutNegativeWarning', 'apps/console/build/build.mjs']);
