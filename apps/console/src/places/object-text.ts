/** Bytes of an object that the console shows. */
export const shownBytesMax = 65_536;

/**
 * Reads bytes as text.
 * @param isCut whether more bytes follow: the last character may then be half.
 * @returns undefined if the bytes are no text.
 */
export function textOf(bytes: Uint8Array, isCut: boolean): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut });
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
