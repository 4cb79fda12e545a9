import { createHash } from 'node:crypto';
import { type EpochMs, PlatformError } from '#contracts';

/** Largest object, in bytes. */
export const objectBytesMax = 64 * 1_048_576;

/** An object as it lies in the store. */
export interface StoredObject {
  readonly digest: string;
  /** When it was put there last. */
  readonly storedAt: EpochMs;
}

/**
 * Keeps bytes under their SHA-512: what lies under a digest never changes, and the same bytes lie there once.
 *
 * Every adapter passes `object-store.conformance.ts`. All methods may throw PlatformError `OBJECT_STORE_UNAVAILABLE`.
 */
export interface ObjectStore {
  /**
   * Resolves with the digest once the bytes are stored; a repeat changes only `storedAt`.
   * @param digest the SHA-512 of the bytes, if the caller has it: hashing 50 MB blocks the event loop for 80 ms.
   */
  put(bytes: Buffer, digest?: string): Promise<string>;
  /** The bytes under a digest, checked against it; undefined when there are none. */
  get(digest: string): Promise<Buffer | undefined>;
  /** Forgets an object unless it was put at or after an instant; one that is not there is no error. */
  remove(digest: string, unlessStoredSince: EpochMs): Promise<void>;
  /** Everything there is, in no promised order. */
  list(): AsyncIterable<StoredObject>;
}

/** The SHA-512 of bytes, in hex. */
export function digestOf(bytes: Buffer): string {
  return createHash('sha512').update(bytes).digest('hex');
}

/** Does a text have the form of a digest? Anything else must not become a part of a path. */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{128}$/.test(text);
}

/** What an adapter throws for whatever its store does. */
export function unavailable(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('OBJECT_STORE_UNAVAILABLE', { details: { reason: `the object store failed: ${reason}` }, cause });
}

/** Bytes as they were asked for. @throws PlatformError `OBJECT_STORE_UNAVAILABLE` for other bytes: a disk or a hand changed them. */
export function checked(digest: string, bytes: Buffer): Buffer {
  if (digestOf(bytes) !== digest) throw unavailable(`object ${digest.slice(0, 16)}… is not what its digest says`);
  return bytes;
}
