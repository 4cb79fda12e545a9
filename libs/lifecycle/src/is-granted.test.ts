import { describe, expect, it } from 'vitest';
import type { Target } from '#contracts';
import { isGranted } from './is-granted.ts';

const stream: Target = { type: 'DIS', streamName: 'orders' };

describe('isGranted', () => {
  const agency = (resource: string, type: 'DIS' | 'OBS' = 'DIS') => ({
    kind: 'agency' as const,
    project: 'p1',
    name: 'a',
    grants: [{ type, resource }],
  });
  it.each([
    ['orders', true],
    ['order', false],
    ['orders2', false],
    ['*', true],
    ['ord*', true],
    ['*ers', true],
    ['o*d*s', true],
    ['o*x*s', false],
    ['*orders*', true],
    ['ord*ders', false],
    ['order*ers', false],
    ['', false],
    ['xrd*', false],
    ['x*', false],
    ['o*d*d*s', false],
    ['o*r*r*s', true],
  ])('a grant of %j: %s', (resource, isCovered) => {
    expect(isGranted(agency(resource), stream)).toBe(isCovered);
  });

  it('is enough when one grant of many covers it', () => {
    const grants = [...agency('other').grants, ...agency('orders').grants];
    expect(isGranted({ ...agency('x'), grants }, stream)).toBe(true);
  });

  it('looks at the kind too, and grants nothing without an agency', () => {
    expect([isGranted(agency('*', 'OBS'), stream), isGranted(undefined, stream)]).toStrictEqual([false, false]);
  });
});
