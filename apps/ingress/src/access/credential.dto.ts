import { applyDecorators } from '@nestjs/common';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { type AccessRight, accessRights } from '#contracts';

const graceSecondsMax = 604_800;
const patternsMax = 20;

/** An optional list of patterns, possibly empty. */
function NamePatterns(field: string): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    IsArray(),
    ArrayMaxSize(patternsMax),
    Matches(/^[A-Za-z0-9_*-]{1,255}$/, {
      each: true,
      message: `${field} must be names, in which * stands for any characters`,
    }),
  );
}

/** The body of a request that creates an access key. */
export class CredentialDto {
  @IsOptional()
  @IsString()
  @MaxLength(128)
  description: string = '';

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(accessRights.length)
  @IsIn(accessRights, { each: true, message: `rights must be some of ${accessRights.join(', ')}` })
  rights!: AccessRight[];

  /** Patterns of function names, `name` or `package:name`. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(patternsMax)
  @Matches(/^[A-Za-z0-9_*-]{1,64}(?::[A-Za-z0-9_*-]{1,64})?$/, {
    each: true,
    message: 'functions must be names, name or package:name, in which * stands for any characters',
  })
  functions: string[] = ['*'];

  /** Patterns of the names of agencies that the key may pass. */
  @NamePatterns('agencies')
  agencies?: string[];

  /** Patterns of the names of topics. */
  @NamePatterns('topics')
  topics?: string[];
}

/** The body of a request that rotates a secret. */
export class RotationDto {
  /** How long the old secret stays valid. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(graceSecondsMax)
  grace_in_seconds: number = 0;
}
