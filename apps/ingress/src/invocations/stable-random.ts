import { createHash } from 'node:crypto';

/**
 * Returns a number in [0, 1) that depends on the seed only: a repeated request runs the same
 * version.
 */
export function stableRandom(seed: string): number {
  return createHash('sha256').update(seed).digest().readUIntBE(0, 6) / 2 ** 48;
}
