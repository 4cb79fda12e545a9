import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShortLivedMap } from './short-lived-map.ts';

describe('ShortLivedMap', () => {
  it('holds what a Map holds, whatever is set and deleted', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 20 })), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (all) => {
        const map = new ShortLivedMap<number, string>();
        const usual = new Map<number, string>();
        for (const [index, [isSet, key]] of all.entries()) {
          if (isSet) {
            map.set(key, `value ${index}`);
            usual.set(key, `value ${index}`);
          } else expect(map.delete(key)).toBe(usual.delete(key));
          expect([map.size, map.get(key), map.has(key)]).toEqual([usual.size, usual.get(key), usual.has(key)]);
        }
        expect(new Map(map.entries())).toEqual(usual);
        expect(new Set(map.keys())).toEqual(new Set(usual.keys()));
        expect(new Set(map.values())).toEqual(new Set(usual.values()));
      }),
    );
  });

  it('keeps entries in their order over thousands that come and go', () => {
    const map = new ShortLivedMap<string, number>();
    for (let number = 0; number < 10_000; number += 1) {
      map.set(`key ${number}`, number);
      if (number >= 3) map.delete(`key ${number - 3}`);
    }
    expect([...map.values()]).toEqual([9_997, 9_998, 9_999]);
    expect(map.size).toBe(3);
    map.clear();
    expect([map.size, map.has('key 9999'), [...map.keys()]]).toEqual([0, false, []]);
  });
});
