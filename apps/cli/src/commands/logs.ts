import { parseWhole, type Session } from '../session.ts';

interface LogLine {
  readonly time: string;
  readonly request_id: string;
  readonly content: string;
  readonly executor: number;
}

interface LogPage {
  readonly logs: readonly LogLine[];
  readonly executors: readonly { readonly executor: number; readonly answered: boolean }[];
  readonly next_marker: string;
}

/** Options of `sendoff logs`. */
export interface LogOptions {
  readonly request?: string;
  readonly limit: string;
  readonly follow?: boolean;
}

const followEveryMs = 1_000;
const pagesPerTurnMax = 20;

/** Prints the log of a function, oldest line first; with `--follow`, until interrupted. */
export async function logs(session: Session, fn: string, options: LogOptions): Promise<void> {
  const limit = parseWhole(options.limit, '--limit');
  const read = async (marker = ''): Promise<LogPage> =>
    session.ask<LogPage>({
      path: ['sendoff', 'functions', fn, 'logs'],
      query: { request_id: options.request, limit, marker: marker === '' ? undefined : marker },
    });
  const page = await read();
  for (const { executor, answered } of page.executors)
    if (!answered) session.surroundings.note(`executor ${executor} did not answer: its lines are missing`);
  const shown = new ShownLines();
  const print = (lines: readonly LogLine[]) => {
    for (const line of shown.newOf(lines)) printLine(session, line);
  };
  print(page.logs);
  while (options.follow === true) {
    await session.surroundings.wait(followEveryMs);
    print(await newLines(read, shown));
  }
}

/** Reads back to a line that was shown, for a few pages at most. */
async function newLines(read: (marker?: string) => Promise<LogPage>, shown: ShownLines): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  let marker: string | undefined;
  for (let pages = 0; pages < pagesPerTurnMax; pages += 1) {
    const page = await read(marker);
    lines.push(...page.logs);
    if (page.next_marker === '' || page.logs.some((line) => shown.isBefore(line))) break;
    marker = page.next_marker;
  }
  return lines;
}

function printLine(session: Session, line: LogLine): void {
  session.show(line, () => [`${line.time}  ${line.request_id.slice(0, 8)}  ${line.content}`]);
}

/**
 * Remembers which lines were shown. Lines of one instant may be equal, so they are counted.
 */
class ShownLines {
  private last = '';
  private countsOfLast = new Map<string, number>();

  /** Whether a line is older than the newest that was shown. */
  isBefore({ time }: LogLine): boolean {
    return time < this.last;
  }

  /**
   * @param lines newest first.
   * @returns those not shown yet, oldest first. They count as shown.
   */
  newOf(lines: readonly LogLine[]): LogLine[] {
    const left = new Map(this.countsOfLast);
    const fresh = lines.toReversed().filter((line) => {
      if (line.time !== this.last) return line.time > this.last;
      const count = left.get(keyOf(line)) ?? 0;
      left.set(keyOf(line), count - 1);
      return count <= 0;
    });
    for (const line of fresh) {
      if (line.time > this.last) {
        this.last = line.time;
        this.countsOfLast = new Map();
      }
      const key = keyOf(line);
      this.countsOfLast.set(key, (this.countsOfLast.get(key) ?? 0) + 1);
    }
    return fresh;
  }
}

function keyOf({ executor, request_id: requestId, content }: LogLine): string {
  return JSON.stringify([executor, requestId, content]);
}
