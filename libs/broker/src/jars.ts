import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PlatformError } from '#contracts';

const run = promisify(execFile);

/** Version of the broker. The folder of its jars has this version in its name. */
export const kafkaVersion = '4.3.0';

/** Undefined for a user id without a name and without `HOME`, as containers may have it. */
function home(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

function isWritable(folder: string): boolean {
  if (!existsSync(folder)) return dirname(folder) !== folder && isWritable(dirname(folder));
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The folder of the jars. All installations of a user share one. A user without a home to write to
 * has it in the data folder of the broker.
 */
export function defaultCacheDir(dataDir: string): string {
  const shared = join(home() ?? '/nonexistent', '.cache', 'sendoff');
  return existsSync(jarsIn(shared)) || isWritable(shared) ? shared : join(dataDir, 'cache');
}

function jarsIn(cacheDir: string): string {
  return join(cacheDir, `kafka-${kafkaVersion}`);
}

/**
 * Finds `pom.xml`, the list of jars, beside the sources; compiled code runs in `dist` and looks
 * there too.
 */
function pomFile(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = [join(here, '..', 'pom.xml'), join(here, '..', '..', '..', '..', 'libs', 'broker', 'pom.xml')];
  const found = candidates.find((file) => existsSync(file));
  if (found === undefined)
    throw new PlatformError('BROKER_START_FAILED', {
      details: { reason: `pom.xml was not found at ${candidates.join(' or ')}` },
    });
  return found;
}

/**
 * Returns the folder with the broker's jars. The first call downloads them from Maven Central.
 *
 * Two processes may download at the same time: each uses its own folder, and the first rename wins.
 * @throws PlatformError `BROKER_START_FAILED` if Maven could not download the jars.
 */
export async function brokerJars(cacheDir: string): Promise<string> {
  const folder = jarsIn(cacheDir);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${randomUUID()}`;
  await mkdir(draft, { recursive: true });
  try {
    await run(
      'mvn',
      [
        ...['-q', '-B', '-f', pomFile(), 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${draft}`],
        ...(existsSync(home() ?? '') ? [] : [`-Dmaven.repo.local=${join(cacheDir, 'm2')}`]),
      ],
      { timeout: 300_000, env: { ...process.env, LC_ALL: 'C.UTF-8' } },
    );
    await rename(draft, folder);
  } catch (cause) {
    if (existsSync(folder)) return folder;
    const { stdout, message } = cause as { readonly stdout?: string; readonly message: string };
    const lines = (stdout || message).split('\n').slice(0, 5);
    throw new PlatformError('BROKER_START_FAILED', {
      details: { reason: 'Maven could not download the jars of the broker:', lines },
      cause,
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}
