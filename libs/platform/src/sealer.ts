import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { PlatformError } from '#contracts';

const cipher = 'aes-256-gcm';
const version = 'v2.';
/** Texts that were sealed directly under the platform key. */
const oldVersion = 'v1.';
const nonceBytes = 12;
const tagBytes = 16;

/** Ciphers take a fourth of the time with it that they take with its bytes. */
function cipherKey(key: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'sendoff sealed secrets', 32)));
}

/**
 * Encrypts secrets of one purpose that are stored in readable places, such as the registry topic:
 * AES-256-GCM. Each sealed text has its own nonce and is bound to its owner (additional
 * authenticated data), so that it cannot be copied to another owner.
 */
export class Sealer {
  private readonly keys: Readonly<Record<string, KeyObject>>;

  /**
   * @param key a random text of at least 32 characters.
   * @param platformKey opens texts of earlier versions too, which were sealed under it. Without it
   *   they stay closed.
   */
  constructor(key: string, platformKey?: string) {
    const old = platformKey === undefined ? {} : { [oldVersion]: cipherKey(platformKey) };
    this.keys = { [version]: cipherKey(key), ...old };
  }

  /** True for a text that an earlier version sealed. */
  static isOld(sealed: string): boolean {
    return sealed.startsWith(oldVersion);
  }

  /**
   * @param owner the thing the secret belongs to, e.g. the key of its document.
   * @returns the sealed text, starting with `v2.`.
   */
  seal(secret: string, owner: string): string {
    const nonce = randomBytes(nonceBytes);
    const encryption = createCipheriv(cipher, this.keyOf(version), nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(owner));
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
      const key = this.keyOf(sealed.slice(0, version.length));
      const bytes = Buffer.from(sealed.slice(version.length), 'base64url');
      const decryption = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(-tagBytes));
      return decryption.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decryption.final('utf8');
    } catch (cause) {
      throw new PlatformError('SECRET_UNREADABLE', { details: { owner }, cause });
    }
  }

  /**
   * Derives a secret of 32 bytes, the same in every service with this key.
   * @param purpose names the secret; two purposes have unrelated secrets.
   */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.keyOf(version), '', `sendoff derived secret ${purpose}`, 32));
  }

  private keyOf(prefix: string): KeyObject {
    const key = Object.hasOwn(this.keys, prefix) ? this.keys[prefix] : undefined;
    if (key === undefined) throw new Error('no key opens texts with this beginning');
    return key;
  }
}
