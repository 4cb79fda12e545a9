import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { storeSecrets } from './private-json.ts';

/** The credentials of clients, and the secrets that the services share. */
export interface Credentials {
  readonly projectId: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly token: string;
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

/** Random credentials, and a new platform key. */
export function newCredentials(): Omit<Credentials, 'isRegistrySigned'> {
  return {
    projectId: randomUUID().replaceAll('-', ''),
    accessKey: randomBytes(15).toString('hex').toUpperCase().slice(0, 20),
    secretKey: randomBytes(30).toString('base64url'),
    token: randomBytes(30).toString('base64url'),
    platformKey: randomBytes(32).toString('base64url'),
  };
}

/**
 * Takes a data folder that an earlier version made from other users of this machine. A folder with
 * the sticky bit, such as `/tmp`, belongs to everybody and stays as it is.
 */
async function closeFolder(dataDir: string): Promise<void> {
  const { mode, uid } = await stat(dataDir);
  if (uid === process.getuid?.() && (mode & 0o077) !== 0 && (mode & 0o1000) === 0) await chmod(dataDir, 0o700);
}

/**
 * Returns the credentials of this installation and stores them in `<dataDir>/credentials.json`
 * (mode 600). A given value wins over a stored one; missing values are created.
 * @throws PlatformError `CONFIG_INVALID` if the file exists and is not valid JSON.
 */
export async function storeCredentials(dataDir: string, given: Partial<Credentials>): Promise<StoredCredentials> {
  const file = join(dataDir, 'credentials.json');
  const { secrets, isNew } = await storeSecrets(
    file,
    // The registry of an earlier version holds documents without a signature.
    (isFirst) => ({ ...newCredentials(), isRegistrySigned: isFirst }),
    given,
  );
  await closeFolder(dataDir);
  return { credentials: secrets, file, isNew };
}
