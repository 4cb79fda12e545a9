import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FunctionDocument } from '#contracts';
import type { Workplace } from './code-folders.ts';
import type { InstanceSetup } from './protocol.ts';

const extension = extname(fileURLToPath(import.meta.url));
const bootstrapFile = fileURLToPath(new URL(`./bootstrap${extension}`, import.meta.url));
const pdeathsig = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
});

/** The name of a function's version. */
export function versionOf({ version }: FunctionDocument): string {
  return version ?? 'latest';
}

function setupOf(fn: FunctionDocument, codeDir: string, userData: Readonly<Record<string, string>>): InstanceSetup {
  return {
    codeDir,
    handler: fn.handler,
    ...(fn.initializer === undefined ? {} : { initializer: fn.initializer }),
    functionName: fn.name,
    package: fn.package,
    projectId: fn.project,
    version: versionOf(fn),
    memoryMb: fn.memoryMb,
    timeoutMs: fn.timeoutMs,
    userData,
  };
}

/** The whole environment of a function: none of the platform's variables. @see FunctionGraph custom runtimes, RUNTIME_ variables */
function environmentOf(
  fn: FunctionDocument,
  { codeDir, tmpDir }: Workplace,
  userData: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    SENDOFF_INSTANCE: JSON.stringify(setupOf(fn, codeDir, userData)),
    RUNTIME_PROJECT_ID: fn.project,
    RUNTIME_FUNC_NAME: fn.name,
    RUNTIME_FUNC_VERSION: versionOf(fn),
    RUNTIME_PACKAGE: fn.package,
    RUNTIME_HANDLER: fn.handler,
    RUNTIME_TIMEOUT: String(fn.timeoutMs / 1_000),
    RUNTIME_USERDATA: JSON.stringify(userData),
    RUNTIME_CPU: String(Math.round((fn.memoryMb / 128) * 100 + 200)),
    RUNTIME_MEMORY: String(fn.memoryMb),
    RUNTIME_CODE_ROOT: codeDir,
    TMPDIR: tmpDir,
    TZ: 'UTC',
  };
}

/**
 * Starts the process of an instance: it may read its code and write its temporary folder, and nothing else.
 * @param userData all of it, opened.
 */
export function launch(fn: FunctionDocument, workplace: Workplace, userData: Readonly<Record<string, string>>): ChildProcess {
  const { codeDir, tmpDir } = workplace;
  const node = [
    process.execPath,
    '--permission',
    `--allow-fs-read=${dirname(bootstrapFile)}`,
    `--allow-fs-read=${codeDir}`,
    `--allow-fs-read=${tmpDir}`,
    `--allow-fs-write=${tmpDir}`,
    `--max-old-space-size=${fn.memoryMb}`,
    '--disable-warning=SecurityWarning',
    '--disable-warning=ExperimentalWarning',
    bootstrapFile,
  ];
  const [command = process.execPath, ...args] =
    pdeathsig === undefined ? node : [pdeathsig, '--pdeathsig', 'KILL', '--', ...node];
  return spawn(command, args, {
    cwd: tmpDir,
    env: environmentOf(fn, workplace, userData),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
