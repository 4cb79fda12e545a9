import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from './logger.ts';
import { RepeatedLines } from './repeated-lines.ts';

const limits = { intervalMs: 30_000, kindsMax: 3 };
let written: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  written = [];
});
afterEach(() => void vi.useRealTimers());

const adding = (lines: RepeatedLines) => (kind: string, text: string) =>
  lines.add(kind, (repeats) => void written.push(repeats === undefined ? text : `${text} (${repeats.repeats})`));

describe('RepeatedLines', () => {
  it('writes the first line at once, and the last one with a count at the end of the interval', () => {
    const add = adding(new RepeatedLines(limits));
    for (const text of ['a1', 'a2', 'a3']) add('a', text);
    add('b', 'b1');
    expect(written).toEqual(['a1', 'b1']);
    vi.advanceTimersByTime(limits.intervalMs - 1);
    expect(written).toEqual(['a1', 'b1']);
    vi.advanceTimersByTime(1);
    expect(written).toEqual(['a1', 'b1', 'a3 (2)']);
  });

  it('writes one line an interval while lines go on, and the next one at once after a quiet interval', () => {
    const add = adding(new RepeatedLines(limits));
    for (let second = 0; second < 90; second += 1) {
      add('a', `a${second}`);
      vi.advanceTimersByTime(1_000);
    }
    expect(written).toEqual(['a0', 'a29 (29)', 'a59 (30)', 'a89 (30)']);
    vi.advanceTimersByTime(limits.intervalMs);
    add('a', 'again');
    expect(written.at(-1)).toBe('again');
  });

  it('remembers a bounded number of kinds, and loses no count of those that it forgets', () => {
    const add = adding(new RepeatedLines(limits));
    for (const kind of ['a', 'a', 'b', 'c', 'd']) add(kind, kind);
    expect(written).toEqual(['a', 'b', 'c', 'a (1)', 'd']);
  });

  it('writes what was counted when the process ends', () => {
    const lines = new RepeatedLines(limits);
    for (const text of ['a1', 'a2']) adding(lines)('a', text);
    lines.flush();
    expect(written).toEqual(['a1', 'a2 (1)']);
  });
});

describe('a logger', () => {
  const linesOf = (level: string) => {
    const output = new PassThrough();
    const repeatedLines = new RepeatedLines(limits);
    const logger = createLogger({ service: 'test', level, isPretty: false, output, repeatedLines });
    for (let index = 0; index < 30; index += 1) logger.warn({ index, err: new Error(`reason ${index}`) }, 'A write failed');
    logger.error(new Error('broken'));
    logger.error(new Error('broken'));
    logger.info('once');
    logger.info('once');
    logger.fatal('the end');
    logger.fatal('the end');
    repeatedLines.flush();
    return String(output.read())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it('writes one line for 30 warnings of a kind, and one more with their count and the last error', () => {
    const lines = linesOf('info');
    expect(lines.map(({ msg, repeats }) => [msg, repeats])).toEqual([
      ['A write failed', undefined],
      ['broken', undefined],
      ['once', undefined],
      ['once', undefined],
      ['A write failed', 29],
      ['broken', 1],
      ['the end', undefined],
      ['the end', undefined],
    ]);
    expect(lines[4]).toMatchObject({ level: 40, index: 29, withinSeconds: 30, err: { message: 'reason 29' } });
  });

  it('writes every line at level debug', () => expect(linesOf('debug')).toHaveLength(36));
});
