import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PlatformError } from '#contracts';
import type { ServiceConfig } from './service.config.ts';

const cipher = 'aes-256-gcm';
const version = 'v1.';
const nonceBytes = 12;
const tagBytes = 16;

/** Shortest platform key, in characters. */
export const platformKeyLengthMin = 32;

/**
 * Seals secrets that are kept where others can read, such as the registry: AES-256-GCM under the platform key, each sealed text with a
 * nonce of its own and bound to what it belongs to, so that one cannot be put in the place of another.
 */
export class Sealer {
  private readonly key: Buffer;

  /** @param platformKey any text of at least {@link platformKeyLengthMin} characters, drawn at random. */
  constructor(platformKey: string) {
    this.key = Buffer.from(hkdfSync('sha256', platformKey, '', 'sendoff sealed secrets', 32));
  }

  /** @param owner what the secret belongs to, e.g. the key of its document. */
  seal(secret: string, owner: string): string {
    const nonce = randomBytes(nonceBytes);
    const encryption = createCipheriv(cipher, this.key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([nonce, encryption.update(secret, 'utf8'), encryption.final(), encryption.getAuthTag()]);
    return version + sealed.toString('base64url');
  }

  /**
   * @param owner as it was given to {@link seal}.
   * @throws PlatformError `SECRET_UNREADABLE` for a text that was sealed under another key or for another owner, or was changed.
   */
  open(sealed: string, owner: string): string {
    try {
      if (!sealed.startsWith(version)) throw new Error('the text is not sealed');
      const bytes = Buffer.from(sealed.slice(version.length), 'base64url');
      const decryption = createDecipheriv(cipher, this.key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(-tagBytes));
      return decryption.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decryption.final('utf8');
    } catch (cause) {
      throw new PlatformError('SECRET_UNREADABLE', { details: { owner }, cause });
    }
  }
}

/**
 * The sealer of a service, under the key of its environment or of a file.
 * @throws PlatformError `CONFIG_INVALID` when there is no key, two, or one that is too short.
 */
export async function openSealer({
  platformKey,
  platformKeyFile,
}: Pick<ServiceConfig, 'platformKey' | 'platformKeyFile'>): Promise<Sealer> {
  const invalid = (reason: string, cause?: unknown) => new PlatformError('CONFIG_INVALID', { details: { reason }, cause });
  if ((platformKey === undefined) === (platformKeyFile === undefined))
    throw invalid('set one of SENDOFF_PLATFORM_KEY and SENDOFF_PLATFORM_KEY_FILE');
  const key =
    platformKey ??
    (await readFile(platformKeyFile ?? '', 'utf8').catch((cause: unknown) => {
      throw invalid(`SENDOFF_PLATFORM_KEY_FILE ${platformKeyFile ?? ''} cannot be read`, cause);
    }));
  if (key.trim().length < platformKeyLengthMin)
    throw invalid(`the platform key must have ${platformKeyLengthMin} characters at least`);
  return new Sealer(key.trim());
}
