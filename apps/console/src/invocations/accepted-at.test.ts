import { describe, expect, it } from 'vitest';
import { acceptedAtOf } from './accepted-at.ts';

describe('acceptedAtOf', () => {
  it.each([
    ['0198c0de-1234-4abc-8def-0123456789ab', 0x0198c0de1234],
    ['0198C0DE-1234-8abc-9def-0123456789ab', 0x0198c0de1234],
    ['0198c0de-1234-7abc-8def-0123456789ab', undefined],
    ['nonsense', undefined],
    ['', undefined],
  ])('reads the time of %s', (requestId, time) => {
    expect(acceptedAtOf(requestId)).toBe(time);
  });
});
