import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '#contracts';

/** The credentials of clients, and the secrets that the services share. */
export interface Credentials {
  readonly projectId: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly token: string;
  /** Authenticates the services of this installation to each other. */
  readonly internalToken: string;
  /** All other keys are derived from it. If it is lost, stored secrets cannot be decrypted. */
  readonly platformKey: string;
  /**
   * True if the registry of this data folder holds signed documents only. Absent in the file of an
   * earlier version: its documents are signed at the next start.
   */
  readonly isRegistrySigned: boolean;
}

/** Credentials, and the file that stores them. */
export interface StoredCredentials {
  readonly credentials: Credentials;
  readonly file: string;
  /** True if this start created the file. */
  readonly isNew: boolean;
}

function newCredentials(): Credentials {
  return {
    projectId: randomUUID().replaceAll('-', ''),
    accessKey: randomBytes(15).toString('hex').toUpperCase().slice(0, 20),
    secretKey: randomBytes(30).toString('base64url'),
    token: randomBytes(30).toString('base64url'),
    internalToken: randomBytes(30).toString('base64url'),
    platformKey: randomBytes(32).toString('base64url'),
    isRegistrySigned: true,
  };
}

async function readStored(file: string): Promise<Partial<Credentials> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Partial<Credentials>;
  } catch {
    throw new PlatformError('CONFIG_INVALID', {
      details: { reason: `${file} is not valid JSON: repair it, or delete it to create new credentials` },
    });
  }
}

/**
 * Returns the credentials of this installation and stores them in `<dataDir>/credentials.json`
 * (mode 600). A given value wins over a stored one; missing values are created.
 * @throws PlatformError `CONFIG_INVALID` if the file exists and is not valid JSON.
 */
export async function storeCredentials(dataDir: string, given: Partial<Credentials>): Promise<StoredCredentials> {
  const file = join(dataDir, 'credentials.json');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const stored = await readStored(file);
  const givenValues = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const isRegistrySigned = stored === undefined || stored.isRegistrySigned === true;
  const credentials: Credentials = { ...newCredentials(), ...stored, isRegistrySigned, ...givenValues };
  const text = `${JSON.stringify(credentials, null, 2)}\n`;
  if (stored === undefined || JSON.stringify(stored) !== JSON.stringify(credentials)) {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
  await chmod(file, 0o600);
  return { credentials, file, isNew: stored === undefined };
}
