/**
 * Work on large uploads that would block the event loop for up to a second. It runs in a worker
 * thread, one task at a time; {@link ArchiveReader} sends the tasks.
 *
 * W1. Bytes cross the thread boundary in shared memory and are never copied for it. Neither side
 *     writes to them afterwards.
 * W2. Node strips the types of this file when tests run it from source: it may only import what
 *     works without decorators.
 */
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { type ArchiveVerdict, inspectArchive, readArchive } from './archive.ts';

/** The field of a JSON body that holds a file in Base64, as a path of property names. */
export type FileField = readonly [string, ...string[]];

/** Stands for the file in the rest of a body. It is no Base64. */
const filePlaceholder = '(file)';

/** A body apart from the file in it. */
export type OpenedBody<Bytes extends Uint8Array = Buffer> =
  | {
      readonly kind: 'opened';
      /** The body as JSON; if `file` is set, a placeholder stands in the file's field. */
      readonly json: string;
      /** The decoded file; undefined if the field holds no text. */
      readonly file: Bytes | undefined;
    }
  | { readonly kind: 'not-json' }
  | { readonly kind: 'not-base64' }
  /** So deep that the rest cannot be written as JSON; some thousand levels are. */
  | { readonly kind: 'too-deep' }
  /** The body without its file is larger than the limit. */
  | { readonly kind: 'rest-too-large' };

/** An archive that was looked at. */
export interface InspectedArchive {
  readonly verdict: ArchiveVerdict;
  /** SHA-512, hex. */
  readonly digest: string;
  /** Hex. */
  readonly md5: string;
}

/** The files of an archive by path, or why it is refused. */
export type ArchiveFiles<Bytes extends Uint8Array = Buffer> =
  | { readonly kind: 'read'; readonly files: ReadonlyMap<string, Bytes> }
  | Extract<ArchiveVerdict, { kind: 'refused' }>;

/** @returns the SHA-256 of the bytes, hex. */
export function sha256Of({ bytes }: { readonly bytes: Uint8Array }): string {
  return hash('sha256', bytes, 'hex');
}

/** A request body, and how to open it. */
export interface BodyToOpen {
  readonly body: Uint8Array;
  readonly field: FileField;
  /** Largest body without its file. The thread refuses a larger one instead of copying it. */
  readonly restBytesMax: number;
}

/** Parses a JSON body and takes the file out of it. */
export function openBody({ body, field, restBytesMax }: BodyToOpen): OpenedBody {
  // Parsing 72 MB of small values would take seconds, and a gigabyte of memory.
  if (body.length - longestTextOf(asBuffer(body)) > restBytesMax) return { kind: 'rest-too-large' };
  const parsed = parsedJson(body);
  if (parsed === undefined) return { kind: 'not-json' };
  const holder = holderOf(parsed.value, field);
  const name = field.at(-1) ?? '';
  const text = holder?.[name];
  if (holder === undefined || typeof text !== 'string')
    return body.length > restBytesMax ? { kind: 'rest-too-large' } : { kind: 'opened', json: bodyText(body), file: undefined };
  if (!isBase64(text)) return { kind: 'not-base64' };
  holder[name] = filePlaceholder;
  const json = writtenJson(parsed.value);
  if (json === undefined) return { kind: 'too-deep' };
  if (Buffer.byteLength(json) > restBytesMax) return { kind: 'rest-too-large' };
  return { kind: 'opened', json, file: shared(Buffer.from(text, 'base64')) };
}

/** Looks at all of an archive and hashes it. */
export async function inspect({ bytes }: { readonly bytes: Uint8Array }): Promise<InspectedArchive> {
  const archive = asBuffer(bytes);
  return {
    verdict: await inspectArchive(archive),
    digest: hash('sha512', archive, 'hex'),
    md5: hash('md5', archive, 'hex'),
  };
}

/** Unpacks an archive into memory. @param bytesMax of all files together. */
export async function readFiles({
  bytes,
  bytesMax,
}: {
  readonly bytes: Uint8Array;
  readonly bytesMax: number;
}): Promise<ArchiveFiles> {
  const read = await readArchive(asBuffer(bytes), bytesMax);
  if (read.kind === 'refused') return read;
  return { kind: 'read', files: new Map([...read.files].map(([path, content]) => [path, shared(content)])) };
}

/**
 * Is a text Base64 of either alphabet, with or without line breaks? `Buffer.from` skips characters
 * it does not know.
 */
export function isBase64(text: string): boolean {
  const padded = text.indexOf('=');
  return !/[^A-Za-z0-9+/_=\s-]/.test(text) && (padded === -1 || !/[^=\s]/.test(text.slice(padded)));
}

/** W1. A copy in shared memory. */
export function shared(content: Buffer): Buffer {
  const copy = Buffer.from(new SharedArrayBuffer(content.length));
  content.copy(copy);
  return copy;
}

/** A Buffer arrives as a plain Uint8Array on the other side. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

const quote = 0x22;
const backslash = 0x5c;

/** Returns the length of the longest text in JSON, in bytes, without parsing it. */
function longestTextOf(json: Buffer): number {
  let longest = 0;
  for (let start = json.indexOf(quote); start !== -1; ) {
    let end = json.indexOf(quote, start + 1);
    while (end !== -1 && isEscaped(json, end)) end = json.indexOf(quote, end + 1);
    if (end === -1) return longest;
    longest = Math.max(longest, end - start - 1);
    start = json.indexOf(quote, end + 1);
  }
  return longest;
}

/** Whether an odd number of backslashes stands before a quote. */
function isEscaped(json: Buffer, at: number): boolean {
  let before = at;
  while (json[before - 1] === backslash) before--;
  return (at - before) % 2 === 1;
}

function bodyText(body: Uint8Array): string {
  return asBuffer(body).toString('utf8');
}

function parsedJson(body: Uint8Array): { readonly value: unknown } | undefined {
  if (!isUtf8(body)) return undefined;
  try {
    return { value: JSON.parse(bodyText(body)) };
  } catch {
    return undefined;
  }
}

/** @returns undefined if the value is too deep. V8 reads JSON of any depth, but cannot write it. */
function writtenJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @returns the object whose property the field names; undefined if the body has no such object. */
function holderOf(body: unknown, field: FileField): Record<string, unknown> | undefined {
  let holder = body;
  for (const name of field.slice(0, -1)) holder = isObject(holder) && Object.hasOwn(holder, name) ? holder[name] : undefined;
  return isObject(holder) && Object.hasOwn(holder, field.at(-1) ?? '') ? holder : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
