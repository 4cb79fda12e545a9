/** An instant: whole milliseconds since 1970-01-01T00:00:00Z, at least 0. */
export type EpochMs = number & { readonly __unit: 'EpochMs' };

/** Makes an instant of a number, without its fraction. */
export function epochMs(value: number): EpochMs {
  return Math.trunc(value) as EpochMs;
}
