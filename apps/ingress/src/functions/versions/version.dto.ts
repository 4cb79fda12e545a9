import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import type { ApiCode } from '../../http/api-codes.ts';

/**
 * The form of version names: 1..42 letters, digits, `.`, `_` and `-`. The first and last character
 * are letters or digits. `latest` is not allowed.
 */
export const versionPattern = /^(?!latest$)[A-Za-z0-9](?:[A-Za-z0-9._-]{0,40}[A-Za-z0-9])?$/;

/** Error codes of single fields of a version. All other fields have FSS.0400. */
export const versionFieldCodes: Readonly<Record<string, ApiCode>> = { version: 'FSS.1015', description: 'FSS.1019' };

/** The body of a request that publishes a version. */
export class PublishVersionDto {
  @IsOptional()
  @Matches(versionPattern, {
    message: 'version must be 1..42 letters, digits, ., _ or -, begin and end with a letter or digit, and not be latest',
  })
  version?: string;

  @IsOptional()
  @IsString()
  @MaxLength(512)
  description?: string;

  /** MD5 of the code that the caller expects to publish. */
  @IsOptional()
  @Matches(/^[0-9a-fA-F]{32}$/, { message: 'digest must be the MD5 of the code, in hex' })
  digest?: string;
}
