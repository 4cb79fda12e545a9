import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type FunctionLogQuery, utcText } from '#contracts';
import { DayFiles, type Logger } from '#platform';
import { aFunction, ManualClock } from '#testing';
import { FolderFunctionLog } from './folder-function-log.ts';
import { readFunctionLog } from './function-log-reader.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-log-'));
});
afterEach(async () => rm(folder, { recursive: true }));

const base = 1_800_000_000_000;
const aLine = (at: number, requestId: string, text: string) => `${utcText(epochMs(base + at))}Z ${requestId} ${text}\n`;
const query: FunctionLogQuery = { project: 'p1', package: 'default', name: 'f', limit: 10 };

async function fileOf(name: string, ...lines: readonly string[]): Promise<string> {
  await writeFile(join(folder, name), lines.join(''));
  return join(folder, name);
}
const textsIn = ({ lines }: Awaited<ReturnType<typeof readFunctionLog>>) => lines.map(({ text }) => text);

describe('readFunctionLog', () => {
  it('returns the newest lines first, across files', async () => {
    const newer = await fileOf('b', aLine(3, 'r1', 'three'), aLine(4, 'r2', 'fö ur'));
    const older = await fileOf('a', aLine(1, 'r1', 'one'), aLine(2, '-', 'two'));
    expect(await readFunctionLog([newer, join(folder, 'rotated-away'), older], query)).toEqual({
      lines: [
        { at: base + 4, requestId: 'r2', text: 'fö ur' },
        { at: base + 3, requestId: 'r1', text: 'three' },
        { at: base + 2, requestId: '-', text: 'two' },
        { at: base + 1, requestId: 'r1', text: 'one' },
      ],
    });
  });

  it('returns no more lines than asked, only those of the request, and only until the instant', async () => {
    const file = await fileOf('a', ...[1, 2, 3, 4, 5].map((at) => aLine(at, `r${at % 2}`, String(at))));
    expect(textsIn(await readFunctionLog([file], { ...query, limit: 2 }))).toEqual(['5', '4']);
    expect(textsIn(await readFunctionLog([file], { ...query, requestId: 'r1' }))).toEqual(['5', '3', '1']);
    expect(textsIn(await readFunctionLog([file], { ...query, until: epochMs(base + 3) }))).toEqual(['3', '2', '1']);
  });

  it('reads lines whole that are longer than a chunk, and passes over a line that a crash has cut', async () => {
    const long = 'x'.repeat(200_000);
    const file = await fileOf(
      'a',
      aLine(1, 'r', 'first'),
      aLine(2, 'r', long),
      '2027-01-15T08:00:00.0',
      '\n',
      aLine(3, 'r', 'last'),
    );
    expect(textsIn(await readFunctionLog([file], query))).toEqual(['last', long, 'first']);
  });

  it('stops after 4 MiB, and says how far it came', async () => {
    const lines = Array.from({ length: 100 }, (_none, at) => aLine(at, 'other', 'x'.repeat(65_536)));
    const { lines: found, searchedTo } = await readFunctionLog([await fileOf('a', ...lines)], { ...query, requestId: 'r' });
    expect([found, searchedTo]).toEqual([[], base + 36]);
  });
});

it('the log of a function shows what was written a moment ago, of that function only', async () => {
  const clock = new ManualClock();
  const files = new DayFiles(folder, clock, { fileBytesMax: 100, filesMax: 2, daysMax: 2 });
  const log = new FolderFunctionLog(files, clock, { warn: () => undefined } as unknown as Logger);
  const fn = aFunction();
  const asked = { project: fn.project, package: fn.package, name: fn.name, limit: 10 };
  expect(await log.read(asked)).toEqual({ lines: [] });
  for (const text of ['one', 'two', 'three']) {
    log.write(fn, 'r1', text.padEnd(60, '.'));
    await log.read(asked);
  }
  expect(textsIn(await log.read(asked)).map((text) => text.replaceAll('.', ''))).toEqual(['three', 'two', 'one']);
  expect(await log.read({ ...asked, name: 'other' })).toEqual({ lines: [] });
  await log.close();
});
