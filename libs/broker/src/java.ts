import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Oldest Java the broker runs on. */
export const javaMajorMin = 17;

/**
 * The major version in what `java -version` prints.
 * @returns undefined when there is none.
 */
export function javaMajorOf(text: string): number | undefined {
  const match = /version "(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return undefined;
  const major = Number(match[1]);
  return major === 1 ? Number(match[2]) : major;
}

/**
 * Finds a Java that is new enough: that of JAVA_HOME, else the one on the PATH.
 * @returns its command, or undefined when there is none.
 */
export async function findJava(javaHome: string | undefined): Promise<string | undefined> {
  const commands = [...(javaHome === undefined || javaHome === '' ? [] : [join(javaHome, 'bin', 'java')]), 'java'];
  for (const command of commands) {
    const printed = await run(command, ['-version']).then(
      ({ stdout, stderr }) => stdout + stderr,
      () => '',
    );
    if ((javaMajorOf(printed) ?? 0) >= javaMajorMin) return command;
  }
  return undefined;
}

/** Can this command be run with these arguments, ending with 0? */
export async function canRun(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, [...args]).then(
    () => true,
    () => false,
  );
}
