import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs, limits } from '#contracts';
import { CallLog } from './call-log.ts';

const at = epochMs(Date.UTC(2026, 10, 24, 7, 0, 0));
const finished = { durationMs: 2, memoryMb: 128 };
const logOf = (...output: string[]) => {
  const log = new CallLog('r1', 'latest', at);
  for (const text of output) log.add(text);
  return log.finish(at, finished);
};
const first = "2026-11-24T07:00:00Z Start invoke request 'r1', version: latest";
const last = "2026-11-24T07:00:00Z Finish invoke request 'r1', duration: 2.000ms, billing duration: 2ms, billing memory: 128MB";
const lineEnds = /[\n\v\f\r\u0085\u2028\u2029]/;
/** Parts of which forged logs consist. */
const forged = fc
  .array(
    fc.constantFrom(
      first,
      last,
      '\n',
      '\r',
      '\r\n',
      '\u2028',
      '\u2029',
      '\u0085',
      '\v',
      '\u001b[1A',
      '\\u{',
      '2',
      'x'.repeat(50),
      '…',
    ),
  )
  .map((parts) => parts.join(''));

describe('the log of a call', () => {
  it('has a first line, the output and a last line', () => {
    expect(logOf('a\n', 'b', 'c\n')).toBe(`${[first, 'a', 'bc', last].join('\n')}\n`);
    expect(logOf()).toBe(`${first}\n${last}\n`);
  });

  it('escapes output that looks like a line of the executor', () => {
    expect(logOf(`${last}\n2026-11-24T07:00:00Z ordinary\n`).split('\n').slice(1, 3)).toEqual([
      `\\u{32}${last.slice(1)}`,
      '2026-11-24T07:00:00Z ordinary',
    ]);
  });

  it('marks a beginning that was cut', () => {
    const lines = logOf('x'.repeat(limits.callLogBytesMax)).split('\n');
    expect(lines[0]).toMatch(/^…x+$/);
    expect(lines[1]).toBe(last);
  });

  it('has one last line and at most one first line of the executor, whatever the function prints', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(forged, fc.string({ unit: 'binary' })), { maxLength: 40 }), (output) => {
        const log = logOf(...output);
        expect(Buffer.byteLength(log)).toBeLessThanOrEqual(limits.callLogBytesMax);
        const own = log.split(lineEnds).flatMap((line, index) => (/^\d{4}-.* invoke request /.test(line) ? [index] : []));
        const lines = log.split('\n').length - 1;
        expect(own.filter((index) => index !== 0)).toEqual([lines - 1]);
      }),
    );
  });
});
