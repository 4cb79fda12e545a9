import { describe, expect, it } from 'vitest';
import { encodeFinished, metadataBytesMax } from './offset-ledger.ts';
import { ownerMarkBytes, ownerName, splitOwner, withOwner } from './owner-mark.ts';

const owner = ownerName('sendoff.executor@host/1');

describe('the mark of an owner', () => {
  it.each(['', 'f1:1.2'])('can be read back before the metadata "%s"', (metadata) => {
    expect(withOwner(owner, metadata).length).toBe(metadata.length + ownerMarkBytes);
    expect(splitOwner(withOwner(owner, metadata))).toEqual({ owner, metadata });
  });

  it.each([null, '', 'f1:1.2', 'o1:short;', 'o1:ABCDEFABCDEF;'])('is not in %s', (metadata) => {
    expect(splitOwner(metadata)).toEqual({ metadata });
  });

  it('leaves the longest metadata within the limit of the brokers', () => {
    const runs = Array.from({ length: 5_000 }, (_, index) => ({ from: BigInt(2 * index + 1), to: BigInt(2 * index + 2) }));
    expect(withOwner(owner, encodeFinished(0n, runs)).length).toBeLessThanOrEqual(metadataBytesMax);
  });
});
