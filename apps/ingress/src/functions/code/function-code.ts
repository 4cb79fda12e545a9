import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { type FunctionCode, limits, runtimeOf } from '#contracts';
import { archiveLimits, ArchiveReader, isBase64, type ObjectStore } from '#objects';
import type { AllowedNetworks } from '#platform';
import { ApiError } from '../../http/api-error.ts';
import { CODE_QUOTA, type CodeQuota } from './code-quota.ts';
import { CODE_STORE } from './code-store.ts';
import type { FunctionCodeDto } from '../function.dto.ts';

/** The fields of a body that hold code. */
type GivenCode = Pick<FunctionCodeDto, 'code_type' | 'code_url' | 'func_code'>;

/** Injection token of the networks that a `code_url` may be in. */
export const FUNCTION_NETWORKS = Symbol('function networks');

/** Checks the code of bodies. Stores an archive before a function names it. */
export class CodeIntake {
  constructor(
    @Inject(CODE_STORE) private readonly store: ObjectStore,
    @Inject(ArchiveReader) private readonly archives: ArchiveReader,
    @Inject(FUNCTION_NETWORKS) private readonly networks: AllowedNetworks,
    @Inject(CODE_QUOTA) private readonly quota: CodeQuota,
  ) {}

  /**
   * Checks the code of a body, and stores it if it is an archive.
   * @param file its decoded file if the HTTP layer took it out of the body.
   * @throws ApiError FSS.1006, FSS.1011, FSS.1012, FSS.1071, FSS.1072.
   * @throws PlatformError `OBJECT_STORE_UNAVAILABLE`.
   */
  async take(
    runtime: string,
    { code_type: type, code_url: url, func_code: code }: GivenCode,
    file?: Buffer,
  ): Promise<FunctionCode> {
    if (runtimeOf(runtime)?.code === 'url') return this.url(runtime, url);
    switch (type) {
      case 'inline':
        return inlineCode(file ?? decodedFile('func_code.file', code?.file ?? ''));
      case 'zip':
        return this.archive(file ?? decodedFile('func_code.file', code?.file ?? ''));
      default:
        throw new ApiError('FSS.1006', `code_type ${type} cannot be run here; use inline or zip`);
    }
  }

  /** Returns a check of the quota for after a function has got the code, see {@link CodeQuota}. */
  boundFor(code: FunctionCode): () => void {
    return code.kind === 'archive' ? this.quota.boundFor(code.digest, code.sizeBytes) : () => undefined;
  }

  /**
   * Refuses an address that the executor would always refuse. The executor checks host names at
   * each connection.
   */
  private url(runtime: string, given: string | undefined): FunctionCode {
    const url = given === undefined ? null : URL.parse(given);
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
      throw new ApiError(
        'FSS.1012',
        `code_url must be an http or https URL for runtime ${runtime}, without credentials: every reader of the function sees it`,
      );
    const refused = this.networks.refusedAddressOf(url);
    if (refused !== undefined)
      throw new ApiError('FSS.1012', `code_url: ${this.networks.refusalOf(refused, [refused], 'FUNCTION_NETWORKS_ALLOWED')}`);
    return { kind: 'url', url: given ?? '' };
  }

  private async archive(bytes: Buffer): Promise<FunctionCode> {
    const { archiveBytesMax } = archiveLimits;
    if (bytes.length === 0) throw new ApiError('FSS.1012', 'func_code.file must be a ZIP in Base64');
    if (bytes.length > archiveBytesMax) throw new ApiError('FSS.1071', `a ZIP may have ${archiveBytesMax} bytes at most`);
    const { verdict, digest, md5 } = await this.archives.inspect(bytes);
    if (verdict.kind === 'refused') throw new ApiError('FSS.1011', `func_code.file: ${verdict.reason}`);
    this.quota.check(digest, bytes.length);
    await this.store.put(bytes, digest);
    return { kind: 'archive', digest, md5, sizeBytes: bytes.length };
  }
}

function inlineCode(source: Buffer): FunctionCode {
  if (source.length === 0) throw new ApiError('FSS.1012', 'func_code.file must be the source in Base64');
  if (source.length > limits.inlineCodeBytesMax)
    throw new ApiError('FSS.1072', `inline code may have ${limits.inlineCodeBytesMax} bytes at most; use code_type zip`);
  if (!isUtf8(source))
    throw new ApiError('FSS.1012', 'func_code.file must be source in UTF-8; use code_type zip for other bytes');
  return { kind: 'inline', source: source.toString('utf8'), digest: createHash('sha512').update(source).digest('hex') };
}

/**
 * Decodes Base64 of either alphabet, with or without line breaks. Node skips characters that are
 * not Base64. It would decode source code that a client forgot to encode into other bytes.
 * @param field the name of the field in the error.
 * @throws ApiError FSS.1012.
 */
export function decodedFile(field: string, file: string): Buffer {
  if (!isBase64(file)) throw new ApiError('FSS.1012', `${field} must be in Base64`);
  return Buffer.from(file, 'base64');
}

/**
 * Returns the MD5 of code in hex, or of the URL if the function runs at one. A publication may send
 * this MD5 to make sure that it publishes the expected code.
 */
export function codeMd5(code: FunctionCode): string {
  switch (code.kind) {
    case 'inline':
      return md5Of(code.source);
    case 'archive':
      return code.md5;
    case 'url':
      return md5Of(code.url);
    default:
      return code satisfies never;
  }
}

function md5Of(bytes: string | Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** Shows code: a source as Base64 in `file`, or an archive as its URL in `link`. */
export function codeContent(code: FunctionCode, archiveUrl: string): { readonly file: string; readonly link: string } {
  return {
    file: code.kind === 'inline' ? Buffer.from(code.source).toString('base64') : '',
    link: code.kind === 'archive' ? archiveUrl : '',
  };
}

/**
 * Shows size in bytes, digest and URL of code. A property that the kind of code lacks is 0 or
 * empty.
 */
export function codeAnswer(code: FunctionCode): {
  readonly code_size: number;
  readonly digest: string;
  readonly code_url: string;
} {
  switch (code.kind) {
    case 'inline':
      return { code_size: Buffer.byteLength(code.source), digest: code.digest, code_url: '' };
    case 'archive':
      return { code_size: code.sizeBytes, digest: code.digest, code_url: '' };
    case 'url':
      return { code_size: 0, digest: '', code_url: code.url };
    default:
      return code satisfies never;
  }
}
