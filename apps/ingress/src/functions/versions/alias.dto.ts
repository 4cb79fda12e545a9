import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
} from 'class-validator';
import { Nested } from '../../http/nested.ts';
import type { ApiCode } from '../../http/api-codes.ts';
import { versionFieldCodes } from './version.dto.ts';

/** Error codes of single fields of an alias. All other fields have FSS.0400. */
export const aliasFieldCodes: Readonly<Record<string, ApiCode>> = { ...versionFieldCodes, name: 'FSS.1014' };

/** The body of a request that changes an alias. */
export class AliasRoutingDto {
  @IsString()
  @Matches(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,40}[A-Za-z0-9])?$/, { message: 'version must be the name of a version' })
  version!: string;

  @IsOptional()
  @IsString()
  @MaxLength(512)
  description?: string;

  /** Maps the second version to its percentage of invocations. */
  @IsOptional()
  @IsObject()
  additional_version_weights?: Record<string, unknown>;

  /** Maps the second version to an {@link AliasStrategyDto}. */
  @IsOptional()
  @IsObject()
  additional_version_strategy?: Record<string, unknown>;
}

/** The body of a request that creates an alias. */
export class CreateAliasDto extends AliasRoutingDto {
  @IsString()
  @Matches(/^[A-Za-z](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$/, {
    message: 'name must be 1..64 letters, digits, - or _, from a letter to a letter or digit',
  })
  name!: string;
}

/** A condition on one header or cookie of a request. */
export class AliasRuleDto {
  @IsIn(['Header', 'Cookie'])
  rule_type!: 'Header' | 'Cookie';

  @Matches(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, { message: 'param must be the name of a header or cookie, up to 64 characters' })
  param!: string;

  @IsIn(['=', 'in'])
  op!: '=' | 'in';

  @IsString()
  @MinLength(1)
  @MaxLength(256)
  value!: string;
}

/** Conditions, of which all or any must hold. */
export class AliasStrategyDto {
  @IsIn(['and', 'or'])
  combine_type!: 'and' | 'or';

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @Nested(() => AliasRuleDto, { each: true })
  rules!: AliasRuleDto[];
}
