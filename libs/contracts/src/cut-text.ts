/** Cuts a text to at most `lengthMax` UTF-16 code units, without splitting a character. */
export function beginningOf(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : text.slice(0, lengthMax).replace(/[\ud800-\udbff]$/, '');
}

/**
 * The longest end of a text that fits into `bytesMax` bytes of UTF-8, without splitting a
 * character.
 */
export function lastBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  let from = Math.max(0, bytes.length - bytesMax);
  while (from < bytes.length && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  return bytes.toString('utf8', from);
}
