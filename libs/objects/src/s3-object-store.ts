import type { Readable } from 'node:stream';
import type { Client } from 'minio';
import { type EpochMs, epochMs } from '#contracts';
import { checked, digestOf, isDigest, objectBytesMax, type ObjectStore, type StoredObject, unavailable } from './object-store.ts';
import { listedObjects, putInOneRequest, s3Client, type S3Options } from './s3.ts';

/** Longest wait for one answer, in milliseconds. The client has no timeout of its own. */
const answerTimeoutMsDefault = 60_000;
const prefix = 'sha512/';
/**
 * The client hashes each part at once: 5 MiB block the event loop for up to 25 ms, 50 MB for 220
 * ms. S3 takes no smaller parts.
 */
const partBytes = 5 * 1_048_576;
/** S3 answers `NotFound` to a HEAD request, which has no body for a better code. */
const absentCodes = new Set(['NoSuchKey', 'NoSuchBucket', 'NotFound']);

/**
 * An object store in a bucket of an S3, with keys `sha512/<digest>`. The first write creates the
 * bucket if it does not exist.
 */
export class S3ObjectStore implements ObjectStore {
  private readonly client: Client;

  constructor(
    private readonly options: S3Options,
    private readonly bucket: string,
    private readonly answerTimeoutMs: number = answerTimeoutMsDefault,
  ) {
    this.client = s3Client(options, partBytes);
  }

  async put(bytes: Buffer, digest: string = digestOf(bytes)): Promise<string> {
    await this.attempt(async () => {
      try {
        await this.write(digest, bytes);
      } catch (error) {
        if (codeOf(error) !== 'NoSuchBucket') throw error;
        await this.makeBucket();
        await this.write(digest, bytes);
      }
    });
    return digest;
  }

  async get(digest: string): Promise<Buffer | undefined> {
    if (!isDigest(digest)) return undefined;
    const bytes = await this.attempt(async () =>
      unlessAbsent(async () => readAll(await this.client.getObject(this.bucket, prefix + digest))),
    );
    return bytes === undefined ? undefined : checked(digest, bytes);
  }

  async beginning(digest: string, bytes: number): Promise<Buffer | undefined> {
    if (!isDigest(digest)) return undefined;
    return this.attempt(async () =>
      unlessAbsent(async () => {
        try {
          return await readAll(await this.client.getPartialObject(this.bucket, prefix + digest, 0, bytes));
        } catch (error) {
          // An empty object has no range.
          if (codeOf(error) === 'InvalidRange') return Buffer.alloc(0);
          throw error;
        }
      }),
    );
  }

  async remove(digest: string, unlessStoredSince: EpochMs): Promise<void> {
    if (!isDigest(digest)) return;
    const key = prefix + digest;
    await this.attempt(async () =>
      unlessAbsent(async () => {
        const { lastModified } = await this.client.statObject(this.bucket, key);
        if (lastModified.getTime() < unlessStoredSince) await this.client.removeObject(this.bucket, key);
      }),
    );
  }

  async *list(): AsyncIterable<StoredObject> {
    const over = new AbortController();
    const items = listedObjects(this.client, { bucket: this.bucket, prefix, delimiter: '' }, over.signal);
    try {
      for (;;) {
        const item = await this.attempt(async () => unlessAbsent(async () => items.next()));
        if (item === undefined || item.done === true) return;
        const { name = '', lastModified, size } = item.value;
        const digest = name.slice(prefix.length);
        if (isDigest(digest)) yield { digest, storedAt: epochMs(lastModified?.getTime() ?? 0), bytes: size };
      }
    } finally {
      over.abort();
    }
  }

  /** @throws PlatformError `OBJECT_STORE_UNAVAILABLE`, also without an answer in time. */
  private async attempt<T>(action: () => Promise<T>): Promise<T> {
    const { answerTimeoutMs } = this;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`no answer in ${answerTimeoutMs} ms`)), answerTimeoutMs);
    timer.unref();
    try {
      return await Promise.race([action(), late.promise]);
    } catch (cause) {
      throw unavailable((cause as Error).message, cause);
    } finally {
      clearTimeout(timer);
    }
  }

  private async write(digest: string, bytes: Buffer): Promise<void> {
    const [key, type] = [prefix + digest, 'application/zip'];
    if (bytes.length <= partBytes)
      return putInOneRequest(this.client, { bucket: this.bucket, key, headers: { 'content-type': type } }, bytes);
    // The client sends a checksum with each part.
    await this.client.putObject(this.bucket, key, bytes, bytes.length, { 'Content-Type': type });
  }

  /** Succeeds if another process created the bucket at the same time. */
  private async makeBucket(): Promise<void> {
    await this.client.makeBucket(this.bucket, this.options.region).catch((error: unknown) => {
      if (codeOf(error) !== 'BucketAlreadyOwnedByYou') throw error;
    });
  }
}

function codeOf(error: unknown): string {
  return (error as { code?: string } | null)?.code ?? '';
}

async function unlessAbsent<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (absentCodes.has(codeOf(error))) return undefined;
    throw error;
  }
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > objectBytesMax) throw new Error(`the object is larger than ${objectBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
