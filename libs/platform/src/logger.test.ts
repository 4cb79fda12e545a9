import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, type Logger } from './logger.ts';

/** pino-pretty colours the level on a terminal. */
const colour = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
const lineEnds = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;

/** The text that a logger writes while `log` runs. */
function written(isPretty: boolean, log: (logger: Logger) => void): string {
  const output = new PassThrough();
  log(createLogger({ service: 'test', level: 'debug', isPretty, output }));
  return String(output.read() ?? '');
}

const forged = '\n[12:00:00.000] INFO: test  all is well\u001b[2K\u2028{"level":30}\u202e';
const parts = fc.constantFrom(
  '\n',
  '\r',
  '\u2028',
  '\u0085',
  '\u009b2J',
  '[12:00:00.000] INFO: ',
  '"',
  '\\',
  '\\n',
  '{"level":30}',
  '\u202e',
  'x',
);
const text = fc.oneof(
  fc.array(parts).map((found) => found.join('')),
  fc.string({ unit: 'binary' }),
);

function logAll(logger: Logger, words: string): void {
  logger.warn({ detail: words, [`k${words}`]: 1, list: [words, { deep: words }] }, words);
  const error = new Error(words, { cause: new Error(words) });
  error.stack = `Error: ${words}\n    at f (${words})`;
  logger.error({ err: Object.assign(error, { code: words, stack: error.stack, details: { stack: words } }) }, 'failed');
}

describe('a log of JSON', () => {
  it('keeps every text, in printable characters', () => {
    const line = written(false, (logger) => logger.warn({ detail: forged }, forged));
    expect(line.split(lineEnds)).toHaveLength(2);
    expect(line).not.toMatch(/[\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
    expect(JSON.parse(line)).toMatchObject({ detail: forged, msg: forged });
  });

  it('has one line for each entry, whatever its texts are', () => {
    fc.assert(
      fc.property(text, (words) => {
        const lines = written(false, (logger) => logAll(logger, words)).split(lineEnds);
        expect(lines).toHaveLength(3);
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({ detail: words, msg: words });
      }),
    );
  });
});

describe('a log for people', () => {
  it('shows a forged line as a part of its entry', () => {
    const lines = written(true, (logger) => logger.warn(forged)).split('\n');
    expect(lines[0]).toMatch(/^\[.*\] WARN.*: test $/);
    expect(lines[1]).toBe('    [12:00:00.000] INFO: test  all is well\\u{1b}[2K\\u{2028}{"level":30}\\u{202e}');
  });

  it('begins one line at the margin for each entry, whatever its texts are', () => {
    fc.assert(
      fc.property(text, (words) => {
        const lines = written(true, (logger) => logAll(logger, words)).split(lineEnds);
        expect(lines.filter((line) => /^\S/.test(line))).toHaveLength(2);
        expect(lines.join('').replaceAll(colour, '')).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
      }),
    );
  });
});
