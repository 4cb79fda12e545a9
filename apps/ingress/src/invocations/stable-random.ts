import { hash } from 'node:crypto';

/**
 * Returns a number in [0, 1) that depends on the seed only: a repeated request runs the same
 * version.
 */
export function stableRandom(seed: string): number {
  return Number.parseInt(hash('sha256', seed, 'hex').slice(0, 12), 16) / 2 ** 48;
}
