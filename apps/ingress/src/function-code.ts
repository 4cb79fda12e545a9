import { createHash } from 'node:crypto';
import { type FunctionCode, limits } from '#contracts';
import { ApiError } from './api-error.ts';
import type { FunctionCodeDto } from './function.dto.ts';

/**
 * The code a body brings.
 * @throws ApiError FSS.1006, FSS.1012, FSS.1072.
 */
export function codeOf(
  runtime: string,
  { code_type: type, code_url: url, func_code: code }: Pick<FunctionCodeDto, 'code_type' | 'code_url' | 'func_code'>,
): FunctionCode {
  if (runtime === 'http') {
    if (url === undefined || !isHttpUrl(url))
      throw new ApiError('FSS.1012', 'code_url must be an http or https URL for runtime http');
    return { kind: 'url', url };
  }
  if (type !== 'inline') throw new ApiError('FSS.1006', `code_type ${type} cannot be run here; use inline`);
  const source = Buffer.from(code?.file ?? '', 'base64');
  if (source.length === 0) throw new ApiError('FSS.1012', 'func_code.file must be the source in Base64');
  if (source.length > limits.inlineCodeBytesMax)
    throw new ApiError('FSS.1072', `inline code may have ${limits.inlineCodeBytesMax} bytes`);
  return { kind: 'inline', source: source.toString('utf8'), digest: createHash('sha512').update(source).digest('hex') };
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** The MD5 of code, in hex, by which a publication may say what it means. */
export function codeMd5(code: FunctionCode): string {
  return createHash('md5')
    .update(code.kind === 'inline' ? code.source : code.url)
    .digest('hex');
}
