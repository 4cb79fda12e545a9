import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indentedLines, printable, printableJson, printableLines } from './printable.ts';

const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom('\\', 'u', '{', '}', 'a', '\n', '\r', '\u001b', '|'),
  ),
});
const halves = fc.array(fc.integer({ min: 0, max: 0xff_ff })).map((codes) => String.fromCharCode(...codes));
const original = (line: string) =>
  line.replaceAll(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));

describe('printable', () => {
  it.each([
    ['line end', 'a\nb', 'a\\u{a}b'],
    ['carriage return', 'a\rb', 'a\\u{d}b'],
    ['tabulator', 'a\tb', 'a\\u{9}b'],
    ['NUL', 'a\u0000b', 'a\\u{0}b'],
    ['colour of a terminal', '\u001b[31mred', '\\u{1b}[31mred'],
    ['DEL', '\u007f', '\\u{7f}'],
    ['next line', '\u0085', '\\u{85}'],
    ['C1 introducer', '\u009b2J', '\\u{9b}2J'],
    ['line separator', '\u2028', '\\u{2028}'],
    ['paragraph separator', '\u2029', '\\u{2029}'],
    ['bidirectional override', 'a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
    ['zero width space', 'a\u200bb', 'a\\u{200b}b'],
    ['half of a pair', '\ud83d!', '\\u{d83d}!'],
    ['tag character', '\u{e0041}', '\\u{e0041}'],
    ['escape in the text', '\\u{a}', '\\u{5c}u{a}'],
  ])('escapes a %s', (_, text, line) => {
    expect(printable(text)).toBe(line);
  });

  it.each(['C:\\new\\users', '{"a":"b\\n"}', 'Größe 5 µm', '日本語', '👩‍💻', 'میخواهم', 'a | b'])(
    'leaves %j as it is',
    (text) => {
      expect(printable(text)).toBe(text);
    },
  );

  it('escapes the separators that the line has', () => {
    expect(printable('a|b c', '|')).toBe('a\\u{7c}b c');
    expect(printable('a|b c', '| ')).toBe('a\\u{7c}b\\u{20}c');
  });

  it('yields one line of printable characters, from which the text can be restored', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, halves), fc.constantFrom('', '|', ' |'), (text, separators) => {
        const line = printable(text, separators);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
        for (const separator of separators) expect(line).not.toContain(separator);
        expect(original(line)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});

it('printableLines splits at line ends of Unix and Windows only', () => {
  expect(printableLines('a\r\nb\nc\rd\u2028e')).toEqual(['a', 'b', 'c\\u{d}d\\u{2028}e']);
});

it('printableLines escapes each line as printable does', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, halves), (text) => {
      expect(printableLines(text)).toEqual(text.split(/\r?\n/).map((line) => printable(line)));
    }),
  );
});

it('printableJson yields one line of printable characters, which holds the same value', () => {
  expect(printableJson({ a: '\u009b2J\u202e\u{e0041}\u200d' })).toBe('{"a":"\\u009b2J\\u202e\\udb40\\udc41\u200d"}');
  expect(printableJson(undefined)).toBe('null');
  fc.assert(
    fc.property(fc.oneof(anyText, halves), (text) => {
      const line = printableJson([text]);
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      expect(JSON.parse(line)).toEqual([text]);
    }),
  );
});

it('indentedLines begins no line but the first at the margin', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const [, ...others] = indentedLines(text).split(/[\n\v\f\r\u0085\u2028\u2029]/);
      expect(others.every((line) => line.startsWith('    '))).toBe(true);
      expect(others).toHaveLength(text.split('\n').length - 1);
    }),
  );
});
