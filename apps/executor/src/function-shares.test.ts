/**
 * Goal: all executors together may run exactly the instances of a function. Method: partitions are
 * held by any number of executors in any way.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FunctionShares } from './function-shares.ts';

const aUrn = (name: string, version = 'latest') => `urn:fss:local:p1:function:default:${name}:${version}`;

/** Executors that hold these partitions of the express lane. */
function executors(partitions: number, ...held: readonly (readonly number[])[]): readonly FunctionShares[] {
  return held.map((numbers) => {
    const shares = new FunctionShares('express');
    const both = numbers.flatMap((partition) => ['express', 'bulk'].map((topic) => ({ topic, partition })));
    shares.change(both, new Map([['express', partitions]]));
    return shares;
  });
}

describe('FunctionShares', () => {
  it('add up to the limit of the function', () => {
    const owners = fc.array(fc.nat(4), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(owners, fc.integer({ min: 1, max: 50 }), fc.string(), (ownerOf, instancesMax, name) => {
        const held = [0, 1, 2, 3, 4].map((one) => ownerOf.flatMap((owner, partition) => (owner === one ? [partition] : [])));
        const shares = executors(ownerOf.length, ...held).map((one) => one.of(aUrn(name), instancesMax));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(instancesMax);
      }),
    );
  });

  it('give a function with one instance to one executor, and other functions to others', () => {
    const all = executors(3, [0], [1], [2]);
    const owners = Array.from({ length: 50 }, (_, index) => all.findIndex((one) => one.of(aUrn(`f${index}`), 1) === 1));
    expect(new Set(owners)).toEqual(new Set([0, 1, 2]));
  });

  it('are the same for all versions of a function', () => {
    const [first] = executors(8, [0, 1, 2, 3]);
    expect(first?.of(aUrn('f', 'v1'), 5)).toBe(first?.of(aUrn('f'), 5));
  });

  it('have no limit for a function without one, and are nothing before the first assignment', () => {
    const [none] = executors(3, []);
    const shares = [none?.of(aUrn('f'), -1), none?.of(aUrn('f'), 9), new FunctionShares('express').of(aUrn('f'), 9)];
    expect(shares).toEqual([Number.POSITIVE_INFINITY, 0, 0]);
  });
});
