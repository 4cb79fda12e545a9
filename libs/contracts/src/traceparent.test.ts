import { describe, expect, it } from 'vitest';
import { traceparentOf } from './traceparent.ts';

const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('traceparentOf', () => {
  it('returns a text of the standard form', () => {
    expect(traceparentOf(good)).toStrictEqual({ traceparent: good });
  });

  it.each<[what: string, text: unknown]>([
    ['nothing', undefined],
    ['a list', [good]],
    ['an empty text', ''],
    ['a line feed at the end', `${good}\n`],
    ['a line feed and another header', `${good}\r\nx-evil: 1`],
    ['upper case', good.toUpperCase()],
    ['a trace id that is too short', good.replace('4736', '473')],
    ['one part too many', `${good}-00`],
    ['no version', good.slice(3)],
    ['the version ff', good.replace('00-', 'ff-')],
    ['a trace id of zeros', good.replace(/[0-9a-f]{32}/, '0'.repeat(32))],
    ['a span id of zeros', good.replace('00f067aa0ba902b7', '0'.repeat(16))],
  ])('returns an empty object for %s', (_what, text) => {
    expect(traceparentOf(text)).toStrictEqual({});
  });
});
