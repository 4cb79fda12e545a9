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

/** A Java that is new enough for the broker. */
export interface FoundJava {
  readonly command: string;
  /** The text with which it tells its version, its build and its maker. */
  readonly version: string;
}

/**
 * Finds a Java that is new enough: first in JAVA_HOME, then on the PATH.
 * @returns undefined if no such Java is installed.
 */
export async function findJava(javaHome: string | undefined): Promise<FoundJava | undefined> {
  const commands = [...(javaHome === undefined || javaHome === '' ? [] : [resolve(javaHome, 'bin', 'java')]), 'java'];
  for (const command of commands) {
    const version = await run(command, ['-version']).then(
      ({ stdout, stderr }) => stdout + stderr,
      () => '',
    );
    if ((javaMajorOf(version) ?? 0) >= javaMajorMin) return { command, version };
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
