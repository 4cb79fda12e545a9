import { describe, expect, it } from 'vitest';
import { Fifo } from './fifo.ts';

describe('Fifo', () => {
  it('gives items in the order in which they came, also across cuts', () => {
    const line = new Fifo<number>();
    const taken: (number | undefined)[] = [];
    for (let item = 0; item < 20_000; item += 1) {
      line.push(item);
      if (item % 2 === 1) taken.push(line.shift());
    }
    expect(line.size).toBe(10_000);
    while (line.size > 0) taken.push(line.shift());
    expect(taken).toEqual(Array.from({ length: 20_000 }, (_, item) => item));
  });

  it('has no item when it is empty, before and after use', () => {
    const line = new Fifo<string>();
    for (let round = 0; round < 2; round += 1) {
      expect([line.head, line.tail, line.shift(), line.size]).toEqual([undefined, undefined, undefined, 0]);
      line.push('a');
      expect([line.head, line.tail, line.shift()]).toEqual(['a', 'a', 'a']);
    }
  });

  it('gives items up wherever they stand', () => {
    const line = new Fifo<string>();
    for (const item of ['a', 'b', 'c', 'd', 'e']) line.push(item);
    line.shift();
    for (const item of ['b', 'd', 'a', 'never']) line.remove(item);
    expect([...line]).toEqual(['c', 'e']);
    expect([line.head, line.tail, line.size]).toEqual(['c', 'e', 2]);
    for (const item of ['e', 'c']) line.remove(item);
    expect([line.head, line.tail, line.size]).toEqual([undefined, undefined, 0]);
  });
});
