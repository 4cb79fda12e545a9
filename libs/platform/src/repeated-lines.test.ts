import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from './logger.ts';
import { RepeatedLines } from './repeated-lines.ts';

const limits = { intervalMs: 30_000, kindsMax: 3, subjectsMax: 2 };
let written: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  written = [];
});
afterEach(() => void vi.useRealTimers());

const adding =
  (lines: RepeatedLines) =>
  (message: string, text: string, subject = '') =>
    lines.add(
      { message, subject },
      (repeats) => void written.push(repeats === undefined ? text : `${text} (${repeats.repeats})`),
    );

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

  it('hides no line about one thing behind a line about another', () => {
    const add = adding(new RepeatedLines(limits));
    for (const subject of ['x', 'y', 'x', 'x', 'y']) add('a', subject, subject);
    expect(written).toEqual(['x', 'y']);
    vi.advanceTimersByTime(limits.intervalMs);
    expect(written).toEqual(['x', 'y', 'x (2)', 'y (1)']);
  });

  it('tells a bounded number of things apart, and counts the others together', () => {
    const add = adding(new RepeatedLines(limits));
    for (const subject of ['x', 'y', 'v', 'w', 'y', 'z']) add('a', subject, subject);
    expect(written).toEqual(['x', 'y', 'v']);
    vi.advanceTimersByTime(limits.intervalMs);
    expect(written.slice(3)).toEqual(['y (1)', 'z (2)']);
    vi.advanceTimersByTime(limits.intervalMs);
    add('a', 'again', 'w');
    expect(written.slice(5), 'a name is told apart again once others are forgotten').toEqual(['again']);
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

  it('writes a line for each topic and target, and one for many records of one topic', () => {
    const output = new PassThrough();
    const logger = createLogger({ service: 'test', level: 'info', isPretty: false, output });
    for (const topic of ['one', 'two', 'two']) logger.warn({ topic, offset: '7' }, 'A record was rejected');
    for (const target of ['t1', 't2']) logger.warn({ target }, 'A target is switched off');
    logger.warn({ requestId: 'r1' }, 'a request failed');
    logger.warn({ requestId: 'r2' }, 'a request failed');
    const lines = String(output.read()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as Record<string, unknown>)).toMatchObject([
      { topic: 'one' },
      { topic: 'two' },
      { target: 't1' },
      { target: 't2' },
      { requestId: 'r1' },
    ]);
  });

  it('writes every line at level debug', () => expect(linesOf('debug')).toHaveLength(36));
});
