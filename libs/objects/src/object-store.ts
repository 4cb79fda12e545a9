import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type EpochMs, PlatformError } from '#contracts';

/** Largest object, in bytes. */
export const objectBytesMax = 64 * 1_048_576;
const sliceBytes = 1_048_576;

/** An entry of the list of a store. */
export interface StoredObject {
  readonly digest: string;
  /** When the object was stored last. */
  readonly storedAt: EpochMs;
  readonly bytes: number;
}

/**
 * Stores bytes under their SHA-512 digest. An object never changes, and equal bytes are stored
 * once.
 *
 * Every adapter passes `object-store.conformance.ts`. All methods may throw PlatformError
 * `OBJECT_STORE_UNAVAILABLE`.
 */
export interface ObjectStore {
  /**
   * Resolves with the digest once the bytes are stored; a repeat changes only `storedAt`.
   * @param digest the SHA-512 of the bytes, if the caller has it: hashing 50 MB blocks the event
   *   loop for 80 ms.
   */
  put(bytes: Buffer, digest?: string): Promise<string>;
  /** The bytes with a digest, verified against it. Undefined if the store has no such object. */
  get(digest: string): Promise<Buffer | undefined>;
  /**
   * The first bytes of an object, all of them if it has fewer. They are not verified, because that
   * would need the whole object. Undefined if the store has no such object.
   */
  beginning(digest: string, bytes: number): Promise<Buffer | undefined>;
  /**
   * Deletes an object unless it was stored at or after an instant. Does nothing if the store has no
   * such object.
   */
  remove(digest: string, unlessStoredSince: EpochMs): Promise<void>;
  /** All objects, in any order. */
  list(): AsyncIterable<StoredObject>;
}

/** The SHA-512 of bytes, in hex. */
export function digestOf(bytes: Buffer): string {
  return createHash('sha512').update(bytes).digest('hex');
}

/** As {@link digestOf}; between slices of 1 MiB (2 ms) the event loop takes other work. */
export async function digestInSlices(bytes: Buffer): Promise<string> {
  const digest = createHash('sha512');
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    if (at > 0) await setImmediate();
    digest.update(bytes.subarray(at, at + sliceBytes));
  }
  return digest.digest('hex');
}

/**
 * True if a text has the form of a digest. Any other text must not become a part of a path or key.
 */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{128}$/.test(text);
}

/** The error that an adapter throws for every failure of its store. */
export function unavailable(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('OBJECT_STORE_UNAVAILABLE', { details: { reason: `the object store failed: ${reason}` }, cause });
}

/**
 * Returns the bytes if they match the digest.
 * @throws PlatformError `OBJECT_STORE_UNAVAILABLE` if they were changed in the store.
 */
export async function checked(digest: string, bytes: Buffer): Promise<Buffer> {
  if ((await digestInSlices(bytes)) !== digest) throw unavailable(`object ${digest.slice(0, 16)}… does not match its digest`);
  return bytes;
}
