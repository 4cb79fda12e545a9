import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import type { ApiCode } from '../../http/api-codes.ts';

/**
 * What a version may be called: 1..42 letters, digits, `.`, `_` and `-`, from a letter or digit to
 * a letter or digit; never `latest`.
 */
export const versionPattern = /^(?!latest$)[A-Za-z0-9](?:[A-Za-z0-9._-]{0,40}[A-Za-z0-9])?$/;

/** What of a version belongs to no other code than FSS.0400. */
export const versionFieldCodes: Readonly<Record<string, ApiCode>> = { version: 'FSS.1015', description: 'FSS.1019' };

/** The body of a publication. */
export class PublishVersionDto {
  @IsOptional()
  @Matches(versionPattern, {
    message: 'version must be 1..42 letters, digits, ., _ or -, from and to a letter or digit, not latest',
  })
  version?: string;

  @IsOptional()
  @IsString()
  @MaxLength(512)
  description?: string;

  /** MD5 of the code the caller means to publish. */
  @IsOptional()
  @Matches(/^[0-9a-fA-F]{32}$/, { message: 'digest must be the MD5 of the code, in hex' })
  digest?: string;
}
