import { describe, expect, it } from 'vitest';
import { hiddenText, pathsIn, redacted } from './redaction.ts';

const shown = (payload: unknown, paths: readonly string[]) => JSON.parse(redacted(JSON.stringify(payload), paths));

describe('redacted', () => {
  it.each([
    ['a value', { user: { name: 'Ada', password: 'x' } }, ['user.password'], { user: { name: 'Ada', password: hiddenText } }],
    ['a whole object', { user: { name: 'Ada' }, n: 1 }, ['user'], { user: hiddenText, n: 1 }],
    [
      'each item of a list',
      { cards: [{ no: 1 }, { no: 2 }] },
      ['cards.*.no'],
      { cards: [{ no: hiddenText }, { no: hiddenText }] },
    ],
    ['one item of a list', { cards: ['a', 'b'] }, ['cards.1'], { cards: ['a', hiddenText] }],
    ['several paths', { a: 1, b: { c: 2 } }, ['a', 'b.c'], { a: hiddenText, b: { c: hiddenText } }],
    ['nothing by a path that leads nowhere', { a: 1 }, ['a.b', 'c'], { a: 1 }],
    ['null and numbers', { a: null, b: 0 }, ['*'], { a: hiddenText, b: hiddenText }],
  ])('hides %s', (_name, payload, paths, expected) => {
    expect(shown(payload, paths)).toEqual(expected);
  });

  it('keeps a name that objects have of themselves', () => {
    expect(redacted('{"__proto__": {"a": 1}}', ['__proto__.a'])).toContain(hiddenText);
  });

  it('hides a text that is no JSON whole, as soon as anything is to be hidden', () => {
    expect(redacted('{"password": "x"', [])).toBe('{"password": "x"');
    expect(redacted('{"password": "x"', ['password'])).toBe(hiddenText);
  });
});

describe('a payload of brackets within each other', () => {
  const deep = (depth: number) => `{"a":"[\\"","b":${'['.repeat(depth)}${']'.repeat(depth)}}`;

  it('is indented while that adds little', () => {
    expect(redacted('{"a":"[[{\\"","b":[1]}', [])).toBe('{\n  "a": "[[{\\"",\n  "b": [\n    1\n  ]\n}');
  });

  it.each([4_000, 100_000])('%i deep is shown in one line, with what is hidden', (depth) => {
    expect(redacted(deep(depth), [])).toBe(deep(depth));
    expect(redacted(deep(depth), ['a']).length).toBeLessThan(2 * depth + 100);
    expect(redacted(deep(depth), ['a'])).not.toContain('[\\"');
  });
});

describe('pathsIn', () => {
  it('reads lines and commas, and leaves out what is empty', () => {
    expect(pathsIn(' user.password, cards.*.number\n\n token ,')).toEqual(['user.password', 'cards.*.number', 'token']);
  });
});
