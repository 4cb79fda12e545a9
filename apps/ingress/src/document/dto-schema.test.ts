/**
 * Goal: the document states the same bounds that the service checks. Method: a class with every
 * rule that the DTOs use, and classes with one mistake each.
 */
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsByteLength,
  IsEmail,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { Nested } from '../http/nested.ts';
import { describe, expect, it } from 'vitest';
import { schemaOf } from './dto-schema.ts';

class Inner {
  @IsString()
  name!: string;
}

class Base {
  @IsBoolean()
  inherited!: boolean;
}

class EveryRule extends Base {
  @IsString()
  @MinLength(2)
  @MaxLength(5)
  text!: string;

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  optional?: string;

  @IsString()
  @IsByteLength(1, 9)
  bytes!: string;

  @IsOptional()
  @IsIn([])
  refused?: unknown;

  @Matches(/^[a-z]\/\d+$/)
  pattern!: string;

  @IsInt()
  @Min(-1)
  @Max(9)
  whole!: number;

  @IsNumber()
  @Min(0.05)
  fraction!: number;

  @IsString()
  @IsIn(['a', 'b'])
  choice!: string;

  @IsInt()
  @IsIn([128, 256])
  size!: number;

  @IsObject()
  anything!: object;

  @IsObject()
  @Nested(() => Inner)
  inner!: Inner;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(3)
  @Nested(() => Inner, { each: true })
  inners!: Inner[];

  @IsArray()
  @IsString({ each: true })
  @MaxLength(7, { each: true })
  texts!: string[];
}

describe('the schema of a DTO', () => {
  it('has the bounds of the rules for each property', () => {
    expect(schemaOf(EveryRule)).toEqual({
      inherited: { value: { type: 'boolean' }, required: true },
      text: { value: { type: 'string', minLength: 2, maxLength: 5 }, required: true },
      optional: { value: { type: 'string', minLength: 1 }, required: false },
      bytes: { value: { type: 'string', minLength: 1, maxLength: 9, 'x-utf8-bytes-max': 9 }, required: true },
      refused: { value: { not: {} }, required: false },
      pattern: { value: { type: 'string', pattern: '^[a-z]\\/\\d+$' }, required: true },
      whole: { value: { type: 'integer', minimum: -1, maximum: 9 }, required: true },
      fraction: { value: { type: 'number', minimum: 0.05 }, required: true },
      choice: { value: { type: 'string', enum: ['a', 'b'] }, required: true },
      size: { value: { type: 'integer', enum: [128, 256] }, required: true },
      anything: { value: { type: 'object' }, required: true },
      inner: { value: { type: 'object' }, nested: Inner, required: true },
      inners: { value: {}, array: { type: 'array', minItems: 1, maxItems: 3 }, nested: Inner, required: true },
      texts: { value: { type: 'string', maxLength: 7 }, array: { type: 'array' }, required: true },
    });
  });

  const mistaken = (...decorators: readonly PropertyDecorator[]) => {
    class Mistaken {}
    for (const decorate of decorators) decorate(Mistaken.prototype, 'field');
    return Mistaken;
  };

  it.each<[what: string, decorators: readonly PropertyDecorator[], reason: RegExp]>([
    ['a rule it does not know', [IsEmail()], /no schema is known for the rule isEmail/],
    ['a rule about elements that is one about arrays', [ArrayMaxSize(1, { each: true })], /the rule arrayMaxSize/],
    ['a condition', [ValidateIf(() => true)], /the rule conditionalValidation/],
    ['a pattern with flags', [Matches(/a/i)], /without flags/],
    ['a choice of different kinds', [IsIn(['a', 1])], /strings or of whole numbers/],
    ['a nested class that is not named', [ValidateNested()], /declare the class with @Nested/],
    ['two rules that differ', [IsInt(), IsNumber()], /differ in type/],
  ])('throws for %s', (_what, decorators, reason) => {
    expect(() => schemaOf(mistaken(...decorators))).toThrow(reason);
    expect(() => schemaOf(mistaken(...decorators))).toThrow(/^Mistaken\.field: /);
  });
});
