/** Cuts a text to at most `lengthMax` UTF-16 code units, without splitting a character. */
export function beginningOf(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : text.slice(0, lengthMax).replace(/[\ud800-\udbff]$/, '');
}

const cutMark = '…';

/**
 * The longest end of a text that fits into `bytesMax` bytes of UTF-8, without splitting a
 * character. `…` stands for the cut beginning of a line, so that no rest of a line reads as a line.
 */
export function lastLines(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let from = bytes.length - Math.max(0, bytesMax - Buffer.byteLength(cutMark));
  while (from < bytes.length && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  const isWholeLine = bytes[from - 1] === 0x0a;
  return `${isWholeLine ? '' : cutMark}${bytes.toString('utf8', from)}`;
}
