import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UnpackedBytes } from './unpacked-bytes.ts';

it('repeats bytes one after the other, also those that it has just repeated', () => {
  const input = Buffer.from(Array.from({ length: 200 }, (_, index) => index));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 700 }), (distance, count) => {
      const output = new UnpackedBytes(10, 1_000);
      output.literals(input, 0, input.length);
      output.match(distance, count);
      const expected = [...input];
      for (let n = 0; n < count; n += 1) expected.push(expected[expected.length - distance] ?? -1);
      expect([...output.done()]).toEqual(expected);
    }),
  );
});
