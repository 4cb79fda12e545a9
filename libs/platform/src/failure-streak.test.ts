import { describe, expect, it } from 'vitest';
import { FailureStreak } from './failure-streak.ts';

function setUp() {
  const lines: string[] = [];
  const write = (details: { readonly error?: string; readonly failures: number }, message: string) =>
    void lines.push([message, details.error, details.failures].filter((part) => part !== undefined).join(' '));
  const logger = { warn: write, info: write } as unknown as ConstructorParameters<typeof FailureStreak>[0];
  return { lines, streak: new FailureStreak(logger, { fails: 'fails', works: 'works' }) };
}

describe('FailureStreak', () => {
  it('logs a failure that lasts at growing distances, and its end once', () => {
    const { lines, streak } = setUp();
    for (let index = 0; index < 9; index += 1) streak.failed('a');
    streak.worked();
    streak.worked();
    expect(lines).toEqual(['fails a 1', 'fails a 2', 'fails a 4', 'fails a 8', 'works 9']);
  });

  it('logs a new reason at once, and a bounded number of reasons', () => {
    const { lines, streak } = setUp();
    for (const error of ['a', 'a', 'b', 'a', 'b', 'c']) streak.failed(error);
    expect(lines).toEqual(['fails a 1', 'fails a 2', 'fails b 3', 'fails a 4', 'fails c 6']);
    for (let index = 0; index < 994; index += 1) streak.failed(`a name ${index}`);
    expect(lines.slice(5).map((line) => Number(line.split(' ').at(-1)))).toEqual([7, 8, 9, 10, 11, 16, 32, 64, 128, 256, 512]);
  });

  it('begins anew after a success', () => {
    const { lines, streak } = setUp();
    streak.failed('a');
    streak.worked();
    for (const error of ['a', 'a', 'a']) streak.failed(error);
    expect(lines).toEqual(['fails a 1', 'works 1', 'fails a 1', 'fails a 2']);
  });
});
