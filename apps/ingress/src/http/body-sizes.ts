/** A ZIP of 50 MB in Base64, and the JSON around it. */
export const codeBodyBytesMax = 72 * 1_048_576;

/** Bodies up to this size are parsed on the event loop, in less than 10 ms. */
export const smallBodyBytesMax = 1_048_576;

/** About 1 Mbit/s: a client that sends a body at this rate is never cut off for being slow. */
export const bytesPerSecondMin = 128 * 1_024;

/** Returns the time that a number of bytes may take, in milliseconds. */
export function paceMs(bytes: number): number {
  return Math.floor((bytes / bytesPerSecondMin) * 1_000);
}
