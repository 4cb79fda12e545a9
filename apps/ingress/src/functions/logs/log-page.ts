import { type EpochMs, epochMs, type FunctionLogLine, type FunctionLogPage } from '#contracts';

/** The begin of a page: this instant, after so many of its lines. */
export interface LogMarker {
  readonly until?: EpochMs;
  readonly skip: number;
}

/** A line, and the number of its executor from 1. */
export interface LogLine extends FunctionLogLine {
  readonly executor: number;
}

/** The most lines of one millisecond before the begin of a page. */
export const skipMax = 10_000;

/** Reads `<milliseconds>-<lines>`. @returns undefined if it is malformed. */
export function readMarker(text: string): LogMarker | undefined {
  const [, until, skip] = /^(\d{1,15})-(\d{1,5})$/.exec(text) ?? [];
  if (until === undefined || Number(skip) > skipMax) return undefined;
  return { until: epochMs(Number(until)), skip: Number(skip) };
}

/**
 * Puts the answers of several executors together. Each was asked for `limit + marker.skip` lines.
 * @param pages in the order of the executors; undefined for one without an answer.
 * @returns the lines of the page, newest first. `next` is absent after the last page. A page may be
 *   empty and not the last.
 */
export function mergeLogPages(
  pages: readonly (FunctionLogPage | undefined)[],
  marker: LogMarker,
  limit: number,
): { readonly lines: readonly LogLine[]; readonly next?: LogMarker } {
  const merged = pages
    .flatMap((page, index) => (page?.lines ?? []).map((line) => ({ ...line, executor: index + 1 })))
    .toSorted((a, b) => b.at - a.at);
  // Older lines of another executor would come before those that this one has not reached.
  const searchedTo = Math.max(-1, ...pages.map((page) => page?.searchedTo ?? -1));
  const known = merged.filter(({ at }) => at > searchedTo);
  const lines = known.slice(marker.skip, marker.skip + limit);
  const last = lines.at(-1);
  if (lines.length === limit && last !== undefined) {
    const before = last.at === marker.until ? marker.skip : 0;
    const skip = before + lines.filter(({ at }) => at === last.at).length;
    // More lines of one millisecond are passed over, so that a reader always gets on.
    return { lines, next: skip > skipMax ? { until: epochMs(last.at - 1), skip: 0 } : { until: last.at, skip } };
  }
  if (searchedTo < 0) return { lines };
  const hasMoved = marker.until === undefined || searchedTo < marker.until;
  return { lines, next: { until: epochMs(hasMoved ? searchedTo : searchedTo - 1), skip: 0 } };
}
