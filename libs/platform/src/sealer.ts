import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PlatformError } from '#contracts';
import type { PlatformKeySettings } from './setting-groups.ts';

const cipher = 'aes-256-gcm';
const version = 'v1.';
const nonceBytes = 12;
const tagBytes = 16;

/** Shortest platform key, in characters. */
export const platformKeyLengthMin = 32;

/**
 * Encrypts secrets that are stored in readable places, such as the registry topic: AES-256-GCM
 * under the platform key. Each sealed text has its own nonce and is bound to its owner (additional
 * authenticated data), so that it cannot be copied to another owner.
 */
export class Sealer {
  private readonly key: Buffer;

  /** @param platformKey a random text of at least 32 characters. */
  constructor(platformKey: string) {
    this.key = Buffer.from(hkdfSync('sha256', platformKey, '', 'sendoff sealed secrets', 32));
  }

  /**
   * @param owner the thing the secret belongs to, e.g. the key of its document.
   * @returns the sealed text, starting with `v1.`.
   */
  seal(secret: string, owner: string): string {
    const nonce = randomBytes(nonceBytes);
    const encryption = createCipheriv(cipher, this.key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([nonce, encryption.update(secret, 'utf8'), encryption.final(), encryption.getAuthTag()]);
    return version + sealed.toString('base64url');
  }

  /**
   * Decrypts a sealed text.
   * @param owner the same owner as in {@link seal}.
   * @throws PlatformError `SECRET_UNREADABLE` if the text was sealed under another key, for another
   *   owner, or was changed.
   */
  open(sealed: string, owner: string): string {
    try {
      if (!sealed.startsWith(version)) throw new Error('the text does not start with v1.');
      const bytes = Buffer.from(sealed.slice(version.length), 'base64url');
      const decryption = createDecipheriv(cipher, this.key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(-tagBytes));
      return decryption.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decryption.final('utf8');
    } catch (cause) {
      throw new PlatformError('SECRET_UNREADABLE', { details: { owner }, cause });
    }
  }

  /**
   * Derives a secret of 32 bytes, the same in every service with this platform key.
   * @param purpose names the secret; two purposes have unrelated secrets.
   */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.key, '', `sendoff derived secret ${purpose}`, 32));
  }
}

/**
 * Creates the sealer of a service from the platform key in its environment or in a file.
 * @throws PlatformError `CONFIG_INVALID` if no key is set, both are set, the file cannot be read,
 *   or the key is too short.
 */
export async function openSealer({ platformKey, platformKeyFile }: PlatformKeySettings): Promise<Sealer> {
  const invalid = (reason: string, cause?: unknown) => new PlatformError('CONFIG_INVALID', { details: { reason }, cause });
  if ((platformKey === undefined) === (platformKeyFile === undefined))
    throw invalid('set exactly one of SENDOFF_PLATFORM_KEY and SENDOFF_PLATFORM_KEY_FILE');
  const key =
    platformKey ??
    (await readFile(platformKeyFile ?? '', 'utf8').catch((cause: unknown) => {
      throw invalid(`SENDOFF_PLATFORM_KEY_FILE ${platformKeyFile ?? ''} cannot be read`, cause);
    }));
  if (key.trim().length < platformKeyLengthMin)
    throw invalid(`the platform key must have at least ${platformKeyLengthMin} characters`);
  return new Sealer(key.trim());
}
