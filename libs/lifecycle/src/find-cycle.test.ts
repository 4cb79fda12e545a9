import { describe, expect, it } from 'vitest';
import { findCycle } from './find-cycle.ts';

describe('findCycle', () => {
  const edges: Readonly<Record<string, readonly string[]>> = {
    a: ['b', 'x'],
    b: ['c'],
    c: ['a'],
    x: ['x', 'y'],
    y: ['x'],
    self: ['self'],
  };
  it.each([
    ['a', ['a', 'b', 'c', 'a']],
    ['self', ['self', 'self']],
    ['y', ['y', 'x', 'y']],
    ['nobody', undefined],
  ])('from %s', (start, path) => {
    expect(findCycle(start, (node) => edges[node] ?? [])).toStrictEqual(path);
  });

  it('ends at a cycle that does not contain the start', () => {
    expect(findCycle('start', (node) => (node === 'start' ? ['x'] : (edges[node] ?? [])))).toBeUndefined();
  });
});
