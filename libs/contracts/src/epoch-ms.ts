/** An instant: milliseconds since 1970-01-01T00:00:00Z, a whole number of at least 0. */
export type EpochMs = number & { readonly __unit: 'EpochMs' };

/** Marks a number as an instant; fractions are cut off. */
export function epochMs(value: number): EpochMs {
  return Math.trunc(value) as EpochMs;
}
