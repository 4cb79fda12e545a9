import { describe, expect, it } from 'vitest';
import { IntakePace } from './intake-pace.ts';

/** Waits until all pending promises have settled. */
const settled = async () => new Promise(setImmediate);

function setUp(recordsMax: number, perTurn: number) {
  const turns: (() => void)[] = [];
  const pace = new IntakePace({ recordsMax, perTurn }, (callback) => turns.push(callback));
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string) =>
    pace.run(name.charAt(0), async () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
  return {
    begun,
    run,
    nextTurn: async () => {
      turns.shift()?.();
      await settled();
    },
    end: async (name: string) => {
      ends.get(name)?.();
      await settled();
    },
  };
}

describe('IntakePace', () => {
  it('begins few records in one turn, and those of a quiet function before the rest of a flood', async () => {
    const { begun, run, nextTurn } = setUp(100, 2);
    for (const name of ['n1', 'n2', 'n3', 'n4', 'n5', 'q1']) void run(name);
    await settled();
    expect(begun).toEqual(['n1', 'n2']);
    await nextTurn();
    expect(begun.slice(2)).toEqual(['n3', 'q1']);
  });

  it('begins another record only when one of the bounded number has ended', async () => {
    const { begun, run, end } = setUp(2, 100);
    const first = run('a1');
    for (const name of ['a2', 'a3', 'a4']) void run(name);
    await settled();
    expect(begun).toEqual(['a1', 'a2']);
    await end('a1');
    expect([await first, begun]).toEqual(['a1', ['a1', 'a2', 'a3']]);
  });

  it('makes room also for a record whose work fails', async () => {
    const pace = new IntakePace({ recordsMax: 1, perTurn: 10 });
    await expect(pace.run('a', async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await pace.run('a', async () => 'ran')).toBe('ran');
  });
});
