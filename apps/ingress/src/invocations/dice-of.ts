import { createHash } from 'node:crypto';

/** A throw in [0, 1) that is the same for the same request: one that is sent twice runs one version. */
export function diceOf(sameness: string): number {
  return createHash('sha256').update(sameness).digest().readUIntBE(0, 6) / 2 ** 48;
}
