/**
 * Goal: a machine whose Java cannot be used hears why, and a program that hangs holds up no start.
 * Method: scripts named `java` that fail, hang or tell other versions.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlatformError } from '#contracts';
import { findJava } from './java.ts';
import { formatStorage } from './jvm.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sendoff-java-'));
});
afterEach(async () => rm(home, { recursive: true }));

/** Installs a script as Java. @returns its command. */
async function java(script: string): Promise<string> {
  const command = join(home, 'bin', 'java');
  await mkdir(join(home, 'bin'), { recursive: true });
  await writeFile(command, `#!/bin/sh\n${script}\n`);
  await chmod(command, 0o755);
  return command;
}

describe('the search for Java', () => {
  it.each<[what: string, script: string, reason: RegExp]>([
    ['fails', 'echo libjvm.so: cannot open >&2; exit 1', /bin\/java failed \(exit code 1\): libjvm\.so: cannot open$/],
    ['is too old', `echo 'openjdk version "11.0.2"' >&2`, /bin\/java is version 11$/],
    ['is something else', 'echo hello', /bin\/java tells no version$/],
    ['hangs', 'exec /bin/sleep 60', /bin\/java did not answer within 0\.2 s$/],
  ])('tells why a Java cannot be used that %s', async (_what, script, reason) => {
    await java(script);
    const found = await findJava({ JAVA_HOME: home, PATH: '/nonexistent' }, 200);
    expect(found).toEqual({ kind: 'missing', reasons: [expect.stringMatching(reason), 'java is not installed'] });
  });

  it('tells that nothing is in JAVA_HOME, and takes the Java of the PATH', async () => {
    await java(`echo 'openjdk version "21.0.1"' >&2`);
    const PATH = `${join(home, 'bin')}:/usr/bin:/bin`;
    expect(await findJava({ JAVA_HOME: '/nonexistent', PATH })).toMatchObject({ kind: 'found', command: 'java' });
    expect(await findJava({ JAVA_HOME: '/nonexistent', PATH: '/nonexistent' })).toEqual({
      kind: 'missing',
      reasons: ['/nonexistent/bin/java is not installed', 'java is not installed'],
    });
  });
});

it('the storage that cannot be formatted is an error with the last words of Java', async () => {
  const command = await java('echo Could not reserve enough space >&2; exit 1');
  const error = await formatStorage({ java: command, dataDir: home, isShortLived: true }).catch((thrown: unknown) => thrown);
  expect((error as PlatformError).code).toBe('BROKER_START_FAILED');
  expect((error as PlatformError).message).toContain('Could not reserve enough space');
});
