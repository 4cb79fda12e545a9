import type { IncomingMessage } from 'node:http';
import type { Client } from 'minio';
import { epochMs } from '#contracts';
import type { BucketList, BucketObject, BucketQuery, BucketReader, ObjectRead, StoreRefusal } from './bucket-reader.ts';
import { type FolderEntry, lastKeys } from './last-keys.ts';
import { unavailable } from './object-store.ts';
import { listedObjects, s3Client, type S3Options } from './s3.ts';

interface S3Entry extends FolderEntry, BucketObject {}

/** S3 answers the last one to a request without a body. */
const absentCodes = new Set(['NoSuchKey', 'NoSuchBucket', 'NotFound']);
/** Codes of a store that knows the account, or not, and refuses the request. */
const refusedCodes = new Set(['AccessDenied', 'AllAccessDisabled', 'InvalidAccessKeyId', 'SignatureDoesNotMatch']);

/** Reads the buckets of an S3. */
export class S3BucketReader implements BucketReader {
  private readonly client: Client;
  private readonly ofPlatform: ReadonlySet<string>;

  /** @param ofPlatform the buckets that hold code and payloads of functions. */
  constructor(options: S3Options, ofPlatform: readonly string[]) {
    this.client = s3Client(options);
    this.ofPlatform = new Set(ofPlatform);
  }

  isOfPlatform(bucket: string): boolean {
    return this.ofPlatform.has(bucket);
  }

  async list({ bucket, ...range }: BucketQuery, signal: AbortSignal): Promise<BucketList> {
    const entriesOf = (folder: string, prefix: string) => this.entries(bucket, folder, prefix, signal);
    const found = await attempt(signal, async () => ({ kind: 'keys', keys: await lastKeys(entriesOf, range, signal) }) as const);
    if (found.kind === 'absent') return { kind: 'no-bucket' };
    if (found.kind === 'refused') return found;
    if (found.keys === undefined) return { kind: 'too-many' };
    const objects = found.keys.slice(0, range.limit).map(({ key, bytes, writtenAt }) => ({ key, bytes, writtenAt }));
    const below = found.keys.length > range.limit ? objects.at(-1)?.key : undefined;
    return { kind: 'page', objects, ...(below === undefined ? {} : { below }) };
  }

  async read(bucket: string, key: string, bytesMax: number, signal: AbortSignal): Promise<ObjectRead> {
    const found = await attempt(signal, async () => {
      try {
        const answer = (await this.client.getPartialObject(bucket, key, 0, bytesMax)) as IncomingMessage;
        signal.addEventListener('abort', () => answer.destroy(), { once: true });
        return { kind: 'object', ...(await bytesOf(answer, bytesMax)) } as const;
      } catch (error) {
        // An empty object has no range.
        if (codeOf(error) === 'InvalidRange') return { kind: 'object', bytes: Buffer.alloc(0), size: 0 } as const;
        throw error;
      }
    });
    return found.kind === 'absent' ? { kind: 'no-object' } : found;
  }

  private async *entries(bucket: string, folder: string, prefix: string, signal: AbortSignal): AsyncIterable<S3Entry> {
    for await (const item of listedObjects(this.client, { bucket, prefix, delimiter: '/' }, signal)) {
      const key = item.prefix ?? item.name ?? '';
      const isFolder = item.prefix !== undefined;
      const writtenAt = epochMs(item.lastModified?.getTime() ?? 0);
      // Some clients make a folder by an object with its key, which the folder would hold again.
      if (key !== folder && key.startsWith(prefix)) yield { key, isFolder, bytes: item.size ?? 0, writtenAt };
    }
  }
}

/** @throws Error if the store sends more than was asked for. */
async function bytesOf(answer: IncomingMessage, bytesMax: number): Promise<{ bytes: Buffer; size: number }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesMax) throw new Error(`the store sent more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  const [, whole] = /\/(\d+)$/.exec(answer.headers['content-range'] ?? '') ?? [];
  return { bytes: Buffer.concat(chunks), size: whole === undefined ? length : Number(whole) };
}

function codeOf(error: unknown): string {
  return (error as { readonly code?: string } | null)?.code ?? '';
}

/** @returns `absent` if the store has no such bucket or object. */
async function attempt<T>(
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T | StoreRefusal | { readonly kind: 'absent' }> {
  const late = Promise.withResolvers<never>();
  const end = () => late.reject(new Error('no answer in time'));
  signal.addEventListener('abort', end, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([action(), late.promise]);
  } catch (cause) {
    const code = codeOf(cause);
    if (absentCodes.has(code)) return { kind: 'absent' };
    if (refusedCodes.has(code)) return { kind: 'refused', code };
    throw unavailable((cause as Error).message, cause);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
