/**
 * Escapes texts of strangers before they reach a log, a terminal, a file of lines or an error.
 *
 * An escape is `\u{` + the code point in hex + `}`, for example `\u{a}` for a line end. A backslash
 * that begins the same three characters in the text itself becomes `\u{5c}`. So each printed text
 * stands for exactly one original, and all other backslashes stay as they are.
 */

/**
 * Control characters (C0, DEL, C1), the line ends of Unicode, bidirectional controls, invisible
 * characters and halves of surrogate pairs. The joiners U+200C and U+200D stay, because scripts and
 * emoji need them.
 */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|\\(?=u\{)/gu;

/** The same in JSON, which escapes backslashes by itself. */
const unsafeInJson = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * A text as part of one line.
 * @param separators characters that separate the fields of the line; they are escaped too.
 */
export function printable(text: string, separators = ''): string {
  let line = text.replaceAll(unsafe, escaped);
  for (const separator of separators) line = line.replaceAll(separator, escaped(separator));
  return line;
}

/** The lines of a text, which `\n` or `\r\n` ends. Each is {@link printable}. */
export function printableLines(text: string): string[] {
  // Functions print very many empty lines, and the pattern costs more than the look.
  return text.split(/\r?\n/).map((line) => (line === '' ? '' : printable(line)));
}

/**
 * A value as one line of JSON that may reach a terminal. `JSON.stringify` escapes control
 * characters below U+0020 only. A program reads the same value.
 */
export function printableJson(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replaceAll(unsafeInJson, (character) =>
    [...Array(character.length).keys()].map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** A text as one entry of a log for people: all lines but the first are indented. */
export function indentedLines(text: string): string {
  return printableLines(text).join('\n    ');
}
