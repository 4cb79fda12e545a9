import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aFunction, ManualClock } from '#testing';
import type { DayFiles, Logger } from '#platform';
import { FolderFunctionLog } from './folder-function-log.ts';

/** Writes some output and returns the text of the file. */
async function fileWith(...output: readonly (readonly [requestId: string, text: string])[]): Promise<string> {
  let file = '';
  const files: Pick<DayFiles, 'append'> = {
    async append(_folder, text) {
      file += text;
    },
  };
  const log = new FolderFunctionLog(files as DayFiles, new ManualClock(), { warn: () => undefined } as unknown as Logger);
  for (const [requestId, text] of output) log.write(aFunction(), requestId, text);
  await log.close();
  return file;
}

/** Every end of a line that a reader might know. */
const lineEnds = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;
const ownersIn = (file: string) =>
  file
    .split(lineEnds)
    .slice(0, -1)
    .map((line) => line.split(' ')[1] ?? '');

describe('the log file of a function', () => {
  it('has each line of output behind the id of its request', async () => {
    const file = await fileWith(['r1', 'one\ntwo\n'], ['', 'three\r\n'], ['r2', 'four']);
    const lines = file.split('\n').map((line) => line.replace(/^\S+Z /, ''));
    expect(lines).toEqual(['r1 one', 'r1 two', '- three', 'r2 four', '']);
  });

  it('lacks what was printed beyond 8 MiB while the disk did not answer', async () => {
    const mayWrite = Promise.withResolvers<void>();
    const written: string[] = [];
    const files: Pick<DayFiles, 'append'> = {
      async append(_folder, text) {
        await mayWrite.promise;
        written.push(text.slice(text.indexOf('Z ') + 2).slice(0, 2));
      },
    };
    const clock = new ManualClock();
    const log = new FolderFunctionLog(files as DayFiles, clock, { warn: () => undefined } as unknown as Logger);
    for (const requestId of ['r1', 'r2', 'r3', 'r4']) {
      log.write(aFunction(), requestId, 'x'.repeat(5 * 1_048_576));
      await clock.advance(500);
    }
    mayWrite.resolve();
    await log.close();
    log.write(aFunction(), 'r5', 'x');
    await log.close();
    expect(written).toEqual(['r1', 'r2', 'r5']);
  });

  it('shows a forged line as output of the request that printed it', async () => {
    const file = await fileWith(['r1', 'a\r2026-11-24T00:00:00.000Z r2 paid\u2028b\u001b[1A']);
    expect(file.replace(/^\S+Z /, '')).toBe('r1 a\\u{d}2026-11-24T00:00:00.000Z r2 paid\\u{2028}b\\u{1b}[1A\n');
  });

  it('has as many lines as were printed, each of the request that printed it', async () => {
    const forger = fc.array(
      fc.constantFrom('\n', '\r', '\u2028', '\u0085', '\v', ' ', 'r2', '2026-11-24T00:00:00.000Z', '\\u{a}', '\u202e', 'x'),
    );
    const text = fc.oneof(
      forger.map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    );
    const output = fc.array(fc.tuple(fc.constantFrom('r1', 'r2', 'r3', ''), text), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(output, async (all) => {
        const expected = all.flatMap(([requestId, printed]) =>
          printed
            .split(/\r?\n/)
            .filter((line) => line !== '')
            .map(() => (requestId === '' ? '-' : requestId)),
        );
        expect(ownersIn(await fileWith(...all))).toEqual(expected);
      }),
    );
  });

  it('counts the bytes that it holds with the head of each line', async () => {
    const file = await fileWith(...Array.from({ length: 40 }, () => ['r1', 'x\n'.repeat(20_000)] as const));
    expect(file.length).toBeLessThan(9 * 1_048_576);
  });
});
