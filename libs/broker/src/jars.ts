import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PlatformError } from '#contracts';

const run = promisify(execFile);

/** Version of the broker; the folder of its jars is named for it. */
export const kafkaVersion = '4.3.0';

/** Where the jars are kept for all installations of this user. */
export function defaultCacheDir(): string {
  return join(homedir(), '.cache', 'sendoff');
}

/** The list of jars lies beside the sources; compiled code finds it from `dist`. */
function pomFile(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = [join(here, '..', 'pom.xml'), join(here, '..', '..', '..', '..', 'libs', 'broker', 'pom.xml')];
  const found = candidates.find((file) => existsSync(file));
  if (found === undefined)
    throw new PlatformError('BROKER_START_FAILED', { details: { reason: `pom.xml is at none of ${candidates.join(', ')}` } });
  return found;
}

/**
 * The folder with the broker's jars; fetched from Maven Central the first time.
 *
 * Two processes may do so at once: each fetches into a folder of its own, and the rename of the first one counts.
 * @throws PlatformError `BROKER_START_FAILED` when Maven could not bring them.
 */
export async function brokerJars(cacheDir: string): Promise<string> {
  const folder = join(cacheDir, `kafka-${kafkaVersion}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${randomUUID()}`;
  await mkdir(draft, { recursive: true });
  try {
    await run(
      'mvn',
      ['-q', '-B', '-f', pomFile(), 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${draft}`],
      { timeout: 300_000 },
    );
    await rename(draft, folder);
  } catch (cause) {
    if (existsSync(folder)) return folder;
    const { stdout, message } = cause as { readonly stdout?: string; readonly message: string };
    const lines = (stdout || message).split('\n').slice(0, 5).join('\n');
    throw new PlatformError('BROKER_START_FAILED', {
      details: { reason: `Maven could not bring the broker's jars:\n${lines}` },
      cause,
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}
