/**
 * Tools of other languages that examples and official clients need, fetched once from their
 * registries and kept in the cache of the user.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cacheDir = join(homedir(), '.cache', 'sendoff');
const linesMax = 300;
const lineMax = 500;
const installTimeoutMs = 300_000;

/** A command that can be run, or why it cannot. */
export type Tool = { readonly command: string } | { readonly missing: string };

/** A command of the machine. @param proof arguments with which it says its version. */
export async function systemTool(command: string, ...proof: readonly string[]): Promise<Tool> {
  return run(command, [...proof]).then(
    () => ({ command }),
    () => ({ missing: `${command} is not there` }),
  );
}

/**
 * A folder of the cache with what some files ask for: filled once, and again from the start where
 * that was cut short.
 * @returns why it could not be filled, where it could not.
 */
async function filledOnce(
  kind: string,
  askedBy: string,
  fill: (folder: string) => Promise<unknown>,
): Promise<{ readonly folder: string } | { readonly missing: string }> {
  const digest = createHash('sha256')
    .update(await readFile(askedBy))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cacheDir, `${kind}-${digest}`);
  if (existsSync(join(folder, 'installed'))) return { folder };
  await rm(folder, { recursive: true, force: true });
  try {
    await fill(folder);
    await mkdir(join(folder, 'installed.new'), { recursive: true });
    await rename(join(folder, 'installed.new'), join(folder, 'installed'));
    return { folder };
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    return { missing: `what ${askedBy} asks for could not be had: ${(stdout || String(error)).slice(0, 200)}` };
  }
}

/** A Python with the packages of a requirements file, in a virtual environment of its own. */
export async function pythonWith(requirementsFile: string): Promise<Tool> {
  const python = await systemTool('python3', '--version');
  if ('missing' in python) return python;
  const filled = await filledOnce('python', requirementsFile, async (folder) => {
    await run('python3', ['-m', 'venv', folder], { timeout: installTimeoutMs });
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirementsFile];
    await run(join(folder, 'bin', 'python'), install, { timeout: installTimeoutMs });
  });
  return 'missing' in filled ? filled : { command: join(filled.folder, 'bin', 'python') };
}

/** The jars of a Maven project's dependencies, as a class path; needs a Java that compiles. */
export async function jarsOf(pomFile: string): Promise<{ readonly classPath: string } | { readonly missing: string }> {
  for (const tool of [await systemTool('javac', '-version'), await systemTool('mvn', '-version')])
    if ('missing' in tool) return tool;
  const filled = await filledOnce('jars', pomFile, (folder) =>
    run(
      'mvn',
      ['-q', '-B', '-f', pomFile, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`],
      { timeout: installTimeoutMs },
    ),
  );
  return 'missing' in filled ? filled : { classPath: join(filled.folder, '*') };
}

/** The end of an output, its lines cut: what a tester prints of a request may have megabytes. */
function readable(output: string): string {
  return output
    .split('\n')
    .slice(-linesMax)
    .map((line) => line.slice(0, lineMax))
    .join('\n');
}

/**
 * Runs a program to its end.
 * @returns its standard output.
 * @throws Error with both outputs when it fails.
 */
export async function output(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string>; readonly timeoutMs?: number } = {},
): Promise<string> {
  const { cwd, env = {}, timeoutMs = 120_000 } = options;
  try {
    const { stdout } = await run(command, [...args], {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${readable(stdout)}\n${readable(stderr)}`);
  }
}
