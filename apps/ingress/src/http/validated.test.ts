/**
 * Goal: an error names the first invalid field of a body, in the order in which a client would
 * correct them.
 */
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import { ApiError } from './api-error.ts';
import { jsonBounds } from './json-bounds.ts';
import { Nested } from './nested.ts';
import { validated } from './validated.ts';

class Inner {
  @IsString()
  @MaxLength(3)
  name!: string;
}

class Outer {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(3)
  whole?: number;

  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(1)
  @Max(3)
  share?: number;

  @IsOptional()
  @IsString()
  @MaxLength(3)
  @Matches(/^a/)
  text?: string;

  @IsOptional()
  @IsString()
  @IsIn(['a', 'b'])
  choice?: string;

  @IsOptional()
  @IsBoolean()
  isOn?: boolean;

  @IsOptional()
  @IsObject()
  @Nested(() => Inner)
  inner?: Inner;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(2)
  @Nested(() => Inner, { each: true })
  list?: Inner[];
}

const fault = (body: unknown): unknown => {
  try {
    return validated(Outer, body, { rejectUnknown: true });
  } catch (error) {
    return error instanceof ApiError ? [error.code, error.message] : error;
  }
};

describe('validated', () => {
  it.each<[what: string, body: unknown, message: string]>([
    ['text for a whole number', { whole: '1' }, 'whole must be an integer number'],
    ['a fraction for a whole number', { whole: 1.5 }, 'whole must be an integer number'],
    ['a whole number below', { whole: 0 }, 'whole must not be less than 1'],
    ['a whole number above', { whole: 4 }, 'whole must not be greater than 3'],
    ['text for a number', { share: '1' }, 'share must be a number'],
    ['a number for text', { text: 5 }, 'text must be a string'],
    ['an object for text', { text: {} }, 'text must be a string'],
    ['a list for text', { text: ['a'] }, 'text must be a string'],
    ['text that is too long', { text: 'aaaa' }, 'text must be shorter than or equal to 3 characters'],
    ['a number for a choice', { choice: 1 }, 'choice must be a string'],
    ['text for a boolean', { isOn: 'true' }, 'isOn must be a boolean value'],
    ['text for an object', { inner: 'x' }, 'inner must be an object'],
    ['a list for an object', { inner: [{ name: 'abcd' }] }, 'inner must be an object'],
    ['an object for a list', { list: { name: 'abcd' } }, 'list must be an array'],
    ['text within a list of objects', { list: [{ name: 'a' }, 'x'] }, 'list.1 must be an object'],
    ['null within a list of objects', { list: [{ name: 'a' }, null] }, 'list.1 must be an object'],
    ['a list within a list of objects', { list: [[]] }, 'list.0 must be an object'],
    ['a number within an object', { inner: { name: 5 } }, 'inner.name must be a string'],
    ['a field that is missing within an object', { inner: {} }, 'inner.name must be a string'],
    [
      'text that is too long within a list',
      { list: [{ name: 'abcd' }] },
      'list.0.name must be shorter than or equal to 3 characters',
    ],
    ['an unknown field', { foo: 1 }, 'foo is not a field of this body'],
    ['an unknown field within an object', { inner: { name: 'a', foo: 1 } }, 'inner.foo is not a field of this body'],
    ['an unknown field within a list', { list: [{ name: 'a', foo: 1 }] }, 'list.0.foo is not a field of this body'],
    ['no body', undefined, 'the body must be a JSON object'],
    ['a list', [], 'the body must be a JSON object'],
    ['null', null, 'the body must be a JSON object'],
    ['half a surrogate pair', { text: '\ud800' }, 'text has half a surrogate pair'],
    ['a field with the name of a constructor', JSON.parse('{"__proto__":{}}'), 'a field may not be called __proto__'],
  ])('refuses %s and says why', (_what, body, message) => {
    expect(fault(body)).toEqual(['FSS.0400', message]);
  });

  const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`field-${index}`, index]));
  const nestedIn = (depth: number): unknown => (depth === 0 ? 1 : { inner: nestedIn(depth - 1) });
  it.each<[what: string, body: unknown, message: RegExp]>([
    ['too many fields', fields(jsonBounds.valuesMax + 1), /^the body may have 10000 fields and elements in all/],
    ['too many in all', { a: fields(5_000), b: fields(5_000) }, /^the body may have 10000 fields/],
    ['a list that is too long', { list: Array(1_001).fill(0) }, /^a list of the body may have 1000 elements, and one has 1001/],
    ['a name that is too long', { ['x'.repeat(257)]: 1 }, /^the name of a field may have 256 characters: xxx/],
    ['an object that is nested too deep', nestedIn(34), /^the body may be nested 32 deep/],
    ['a list that is nested too deep', JSON.parse('['.repeat(500_000) + ']'.repeat(500_000)), /^the body may be nested 32 deep/],
  ])('refuses %s before it reads a field', (_what, body, message) => {
    expect(fault(body)).toEqual(['FSS.0400', expect.stringMatching(message)]);
  });

  it('accepts a body at the bounds', () => {
    class Anything {}
    const body = { ...fields(8_998), list: Array(1_000).fill(0), ['x'.repeat(256)]: 1 };
    expect(Object.keys(validated(Anything, body))).toHaveLength(9_000);
    expect(validated(Anything, nestedIn(32))).toEqual(nestedIn(32));
  });

  it.each<[what: string, body: (count: number) => object]>([
    ['of the body', fields],
    ['of an inner object', (count) => ({ whole: 1, inner: { name: 'a', ...fields(count) } })],
    ['of an object of unknown form', (count) => ({ unknown: fields(count) })],
  ])(
    'costs as much for each field %s, however many it has',
    (_what, body) => {
      // The time of the processor, because other processes share it.
      const costOf = (count: number) => {
        const given = body(count);
        const before = process.cpuUsage();
        validated(Outer, given);
        const { user, system } = process.cpuUsage(before);
        return user + system;
      };
      const few: number[] = [];
      const many: number[] = [];
      for (let round = 0; round < 15; round++) {
        few.push(costOf(1_200));
        many.push(costOf(9_600));
      }
      // Eight times the fields cost about 8 times as much. A cost of the square would be 64 times.
      expect(Math.min(...many) / Math.min(...few)).toBeLessThan(30);
    },
    30_000,
  );

  it('takes null for a missing field', () => {
    expect(fault({ whole: null, inner: { name: 'a' }, list: [] })).toEqual({ inner: { name: 'a' }, list: [] });
  });
});
