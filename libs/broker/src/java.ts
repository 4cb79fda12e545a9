import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Oldest Java version that the broker runs on. */
export const javaMajorMin = 17;

/**
 * Reads the major version from the output of `java -version`.
 * @returns undefined if the text contains no version.
 */
export function javaMajorOf(text: string): number | undefined {
  const match = /version "(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return undefined;
  const major = Number(match[1]);
  return major === 1 ? Number(match[2]) : major;
}

/**
 * Finds a Java that is new enough: first in JAVA_HOME, then on the PATH.
 * @returns the command, or undefined if no such Java is installed.
 */
export async function findJava(javaHome: string | undefined): Promise<string | undefined> {
  const commands = [...(javaHome === undefined || javaHome === '' ? [] : [resolve(javaHome, 'bin', 'java')]), 'java'];
  for (const command of commands) {
    const printed = await run(command, ['-version']).then(
      ({ stdout, stderr }) => stdout + stderr,
      () => '',
    );
    if ((javaMajorOf(printed) ?? 0) >= javaMajorMin) return command;
  }
  return undefined;
}

/** True if the command runs with these arguments and exits with 0. */
export async function canRun(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, [...args]).then(
    () => true,
    () => false,
  );
}
