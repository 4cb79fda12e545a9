import type { EpochMs } from '#contracts';

/** An object of a bucket, as a list shows it. */
export interface BucketObject {
  readonly key: string;
  readonly bytes: number;
  readonly writtenAt: EpochMs;
}

/** A question for the objects of a bucket. */
export interface BucketQuery {
  readonly bucket: string;
  /** Only keys that begin with it. */
  readonly prefix: string;
  /** Only keys before this one. Default: all. */
  readonly below?: string;
  readonly limit: number;
}

/** The store refuses what the account of this service asked. */
export interface StoreRefusal {
  readonly kind: 'refused';
  /** The error code of the store. */
  readonly code: string;
}

/** The answer to a {@link BucketQuery}. */
export type BucketList =
  | StoreRefusal
  /** The last keys first. `below` is set if the bucket has more. */
  | { readonly kind: 'page'; readonly objects: readonly BucketObject[]; readonly below?: string }
  /** The store has no such bucket. */
  | { readonly kind: 'no-bucket' }
  /** A folder holds more than {@link namesMax} names: a longer prefix names fewer. */
  | { readonly kind: 'too-many' };

/** The beginning of an object. */
export interface ObjectBytes {
  readonly kind: 'object';
  readonly bytes: Buffer;
  /** Bytes of the whole object. */
  readonly size: number;
}

/** The answer to the question for one object. */
export type ObjectRead = ObjectBytes | StoreRefusal | { readonly kind: 'no-object' };

/** The most names that one question looks at, of objects and folders together. */
export const namesMax = 200_000;

/**
 * Reads the buckets that notifications go to. It writes nothing. No key leads out of its bucket.
 *
 * Keys are sorted by their text, and lists begin with the last. The keys of notifications hold the
 * day and the request id, so the last one of a folder is the newest.
 *
 * Every adapter passes `bucket-reader.conformance.ts`. All methods may throw PlatformError
 * `OBJECT_STORE_UNAVAILABLE`, also when the signal aborts.
 */
export interface BucketReader {
  /** True for a bucket that holds code or payloads of functions: its objects are not read. */
  isOfPlatform(bucket: string): boolean;
  list(query: BucketQuery, signal: AbortSignal): Promise<BucketList>;
  /**
   * Reads an object.
   * @param bytesMax only so many bytes from the beginning.
   */
  read(bucket: string, key: string, bytesMax: number, signal: AbortSignal): Promise<ObjectRead>;
}
