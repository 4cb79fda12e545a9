import { IsIn, IsNotEmpty, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import type { ApiCode } from '../../http/api-codes.ts';

/** Error codes of single fields of an import. All other fields have FSS.0400. */
export const importFieldCodes: Readonly<Record<string, ApiCode>> = {
  func_name: 'FSS.1002',
  package: 'FSS.1004',
  file_code: 'FSS.1012',
};

/** The body of a request that imports a function. */
export class ImportFunctionDto {
  /** The name of the new function. */
  @IsString()
  @Matches(/^[A-Za-z](?:[A-Za-z0-9_-]{0,58}[A-Za-z0-9])?$/, {
    message: 'func_name must be 1..60 letters, digits, - or _, from a letter to a letter or digit',
  })
  func_name!: string;

  /** The package of the new function. Default: `default`. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,64}$/, { message: 'package must be 1..64 letters, digits, - or _' })
  package?: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(256)
  file_name!: string;

  @IsString()
  @IsIn(['zip'])
  file_type!: string;

  /** The export, in Base64. */
  @IsString()
  @IsNotEmpty()
  file_code!: string;
}
