import { describe, expect, it } from 'vitest';
import { epochMs, type FunctionLogLine, type FunctionLogPage } from '#contracts';
import { type LogMarker, mergeLogPages, readMarker, skipMax } from './log-page.ts';

/** Answers as executors do that hold these lines, newest first. */
function executors(...logs: readonly (readonly (readonly [at: number, text: string])[])[]) {
  const lines = logs.map((log) => log.map(([at, text]): FunctionLogLine => ({ at: epochMs(at), requestId: 'r', text })));
  return (marker: LogMarker, limit: number): readonly FunctionLogPage[] =>
    lines.map((log) => ({
      lines: log.filter(({ at }) => at <= (marker.until ?? Number.MAX_SAFE_INTEGER)).slice(0, limit + marker.skip),
    }));
}

function readAll(ask: ReturnType<typeof executors>, limit: number): readonly string[] {
  const texts: string[] = [];
  for (let marker: LogMarker | undefined = { skip: 0 }; marker !== undefined; ) {
    const { lines, next } = mergeLogPages(ask(marker, limit), marker, limit);
    texts.push(...lines.map(({ text, executor }) => `${executor}${text}`));
    marker = next;
  }
  return texts;
}

describe('pages of a log', () => {
  it.each([1, 2, 3, 5, 100])('of %d lines show every line of every executor once, newest first', (limit) => {
    const ask = executors(
      [
        [9, 'a'],
        [5, 'b'],
        [5, 'c'],
        [5, 'd'],
        [1, 'e'],
      ],
      [
        [9, 'v'],
        [7, 'w'],
        [5, 'x'],
        [5, 'y'],
      ],
    );
    expect(readAll(ask, limit)).toEqual(['1a', '2v', '2w', '1b', '1c', '1d', '2x', '2y', '1e']);
  });

  it('end where an executor stopped to search, and go on there', () => {
    const line = (at: number): FunctionLogLine => ({ at: epochMs(at), requestId: 'r', text: String(at) });
    const pages = [{ lines: [line(9), line(5)], searchedTo: epochMs(5) }, { lines: [line(7), line(3)] }, undefined];
    const { lines, next } = mergeLogPages(pages, { skip: 0 }, 10);
    expect([lines.map(({ text }) => text), next]).toEqual([['9', '7'], { until: 5, skip: 0 }]);
    const again = mergeLogPages([{ lines: [], searchedTo: epochMs(5) }], { until: epochMs(5), skip: 0 }, 10);
    expect(again).toEqual({ lines: [], next: { until: 4, skip: 0 } });
  });
});

it.each([
  ['12-3', { until: 12, skip: 3 }],
  [`0-${skipMax}`, { until: 0, skip: skipMax }],
  [`0-${skipMax + 1}`, undefined],
  ['12', undefined],
  ['-1-3', undefined],
])('the marker %s is %j', (text, marker) => {
  expect(readMarker(text)).toEqual(marker);
});
