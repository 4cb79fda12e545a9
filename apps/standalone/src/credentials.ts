import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '#contracts';

/** What a client needs to be let in, and what the services need among each other. */
export interface Credentials {
  readonly projectId: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly token: string;
  /** Between the services of this installation. */
  readonly internalToken: string;
  /** Secrets are sealed with it: without it they cannot be read again. */
  readonly platformKey: string;
}

/** Credentials, and the file they are kept in. */
export interface KeptCredentials {
  readonly credentials: Credentials;
  readonly file: string;
  /** Were they made just now? */
  readonly isNew: boolean;
}

function madeCredentials(): Credentials {
  return {
    projectId: randomUUID().replaceAll('-', ''),
    accessKey: randomBytes(15).toString('hex').toUpperCase().slice(0, 20),
    secretKey: randomBytes(30).toString('base64url'),
    token: randomBytes(30).toString('base64url'),
    internalToken: randomBytes(30).toString('base64url'),
    platformKey: randomBytes(32).toString('base64url'),
  };
}

async function readKept(file: string): Promise<Partial<Credentials> | undefined> {
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
      details: { reason: `${file} is not JSON: mend it, or remove it to have new credentials made` },
    });
  }
}

/**
 * The credentials of this installation: given ones first, then those of `<dataDir>/credentials.json`, and what is missing is made and kept there (mode 600).
 * @throws PlatformError `CONFIG_INVALID` when the file is there and cannot be read as JSON.
 */
export async function keepCredentials(dataDir: string, given: Partial<Credentials>): Promise<KeptCredentials> {
  const file = join(dataDir, 'credentials.json');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const kept = await readKept(file);
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const credentials: Credentials = { ...madeCredentials(), ...kept, ...known };
  const text = `${JSON.stringify(credentials, null, 2)}\n`;
  if (kept === undefined || JSON.stringify(kept) !== JSON.stringify(credentials)) {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
  await chmod(file, 0o600);
  return { credentials, file, isNew: kept === undefined };
}
