import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { type FunctionCode, limits } from '#contracts';
import { archiveLimits, inspectArchive, type ObjectStore } from '#objects';
import { ApiError } from '../../http/api-error.ts';
import { CODE_STORE } from './code-store.ts';
import type { FunctionCodeDto } from '../function.dto.ts';

/** The part of a body that brings code. */
type GivenCode = Pick<FunctionCodeDto, 'code_type' | 'code_url' | 'func_code'>;

/** Takes in the code that bodies bring; archives go into the object store before anything names them. */
export class CodeIntake {
  constructor(@Inject(CODE_STORE) private readonly store: ObjectStore) {}

  /**
   * The code a body brings, kept where it belongs.
   * @throws ApiError FSS.1006, FSS.1011, FSS.1012, FSS.1071, FSS.1072.
   * @throws PlatformError `OBJECT_STORE_UNAVAILABLE`.
   */
  async take(runtime: string, { code_type: type, code_url: url, func_code: code }: GivenCode): Promise<FunctionCode> {
    if (runtime === 'http') {
      if (url === undefined || !isHttpUrl(url))
        throw new ApiError(
          'FSS.1012',
          'code_url must be an http or https URL for runtime http, without credentials: everyone who may read would see them',
        );
      return { kind: 'url', url };
    }
    switch (type) {
      case 'inline':
        return inlineCode(code?.file ?? '');
      case 'zip':
        return this.archive(code?.file ?? '');
      default:
        throw new ApiError('FSS.1006', `code_type ${type} cannot be run here; use inline or zip`);
    }
  }

  private async archive(file: string): Promise<FunctionCode> {
    const { archiveBytesMax } = archiveLimits;
    if (file === '') throw new ApiError('FSS.1012', 'func_code.file must be a ZIP in Base64');
    const bytes = decodedFile('func_code.file', file);
    if (bytes.length > archiveBytesMax) throw new ApiError('FSS.1071', `a ZIP may have ${archiveBytesMax} bytes`);
    const verdict = await inspectArchive(bytes);
    if (verdict.kind === 'refused') throw new ApiError('FSS.1011', `func_code.file: ${verdict.reason}`);
    const digest = await this.store.put(bytes);
    return { kind: 'archive', digest, md5: md5Of(bytes), sizeBytes: bytes.length };
  }
}

function inlineCode(file: string): FunctionCode {
  const source = decodedFile('func_code.file', file);
  if (source.length === 0) throw new ApiError('FSS.1012', 'func_code.file must be the source in Base64');
  if (source.length > limits.inlineCodeBytesMax)
    throw new ApiError('FSS.1072', `inline code may have ${limits.inlineCodeBytesMax} bytes; use code_type zip`);
  if (!isUtf8(source))
    throw new ApiError('FSS.1012', 'func_code.file must be source in UTF-8; use code_type zip for other bytes');
  return { kind: 'inline', source: source.toString('utf8'), digest: createHash('sha512').update(source).digest('hex') };
}

/**
 * The bytes of a Base64 text of either alphabet, its lines broken or not. Node passes over what it does not know, and would take a source
 * that somebody forgot to encode for other code.
 * @param field for the caller.
 * @throws ApiError FSS.1012.
 */
export function decodedFile(field: string, file: string): Buffer {
  const padded = file.indexOf('=');
  const isBase64 = !/[^A-Za-z0-9+/_=\s-]/.test(file) && (padded === -1 || !/[^=\s]/.test(file.slice(padded)));
  if (!isBase64) throw new ApiError('FSS.1012', `${field} must be in Base64`);
  return Buffer.from(file, 'base64');
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

/** The MD5 of code, in hex, by which a publication may say what it means; that of an endpoint is of its URL. */
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

/** Code itself as it is shown: source in Base64, an archive by the link where it is fetched; the other one is empty. */
export function codeContent(code: FunctionCode, archiveUrl: string): { readonly file: string; readonly link: string } {
  return {
    file: code.kind === 'inline' ? Buffer.from(code.source).toString('base64') : '',
    link: code.kind === 'archive' ? archiveUrl : '',
  };
}

/** How code is shown: its size in bytes, its digest, and its URL; what it has not is 0 or empty. */
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
