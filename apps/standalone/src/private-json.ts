import { chmod, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PlatformError } from '#contracts';
import { writeWholeFile } from '#platform';

/**
 * Reads a JSON object that only this user may read.
 * @returns undefined if the file does not exist.
 * @throws PlatformError `CONFIG_INVALID` if the file is not valid JSON.
 */
async function readStored(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new PlatformError('CONFIG_INVALID', {
      details: { reason: `${file} is not valid JSON: repair it, or delete it to create new credentials` },
    });
  }
}

/**
 * Completes the secrets in a file (mode 600), and stores them. A given value wins over a stored
 * one, and a stored one over a new one.
 * @param newSecrets makes new ones; `isFirst` is true if the file does not exist.
 * @returns the secrets; `isNew` is true if this call created the file.
 * @throws PlatformError `CONFIG_INVALID` if the file exists and is not valid JSON.
 */
export async function storeSecrets<Secrets extends object>(
  file: string,
  newSecrets: (isFirst: boolean) => Secrets,
  given: Partial<Secrets> = {},
): Promise<{ readonly secrets: Secrets; readonly isNew: boolean }> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const stored = await readStored(file);
  const givenValues = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const secrets = { ...newSecrets(stored === undefined), ...stored, ...givenValues } as Secrets;
  if (stored === undefined || JSON.stringify(stored) !== JSON.stringify(secrets)) {
    await writeWholeFile(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  }
  await chmod(file, 0o600);
  return { secrets, isNew: stored === undefined };
}
