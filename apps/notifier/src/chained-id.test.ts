import { describe, expect, it } from 'vitest';
import { chainedRequestId } from './chained-id.ts';

describe('chainedRequestId', () => {
  it('never changes for a parent and a target, for deliveries may be repeated by another version', () => {
    expect(chainedRequestId('0192a000-0000-4000-8000-000000000001', 'urn:fss:local:p1:function:default:b')).toBe(
      'de5080f2-4ccd-5fc3-b1bd-b2069da29568',
    );
  });

  it('differs for another parent and for another target', () => {
    const ids = [chainedRequestId('p1', 'a'), chainedRequestId('p1', 'b'), chainedRequestId('p2', 'a')];
    expect(new Set(ids).size).toBe(3);
  });
});
