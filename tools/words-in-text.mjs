/** Extracts prose from Markdown and from `#` comments. */

/** The number of line feeds in a text. */
export const linesOf = (text) => text.split('\n').length - 1;

/** A bullet or a number at the start of a line of a list. */
const listItem = /^\s*(?:[-*+]|\d+[.)])\s+/;

/**
 * Joins lines to blocks: paragraphs and list entries.
 *
 * @param lines one `{ line, text }` each, or undefined at the end of a block
 */
export function joined(lines) {
  const blocks = [];
  let current;
  for (const entry of lines) {
    if (entry === undefined || entry.text.trim() === '') {
      current = undefined;
      continue;
    }
    const isItem = listItem.test(entry.text);
    const text = entry.text.replace(listItem, '').trim();
    if (current === undefined || isItem) blocks.push((current = { line: entry.line, text }));
    else current.text += `\n${text}`;
  }
  return blocks;
}

const isTableRule = (line) => /^\s*\|[\s|:-]+\|\s*$/.test(line);
const cellsOf = (line) =>
  line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/);

/** The prose of a page: everything but code blocks and generated parts. */
export function markdownBlocks(text) {
  const cells = [];
  const lines = [];
  let fence;
  let isGenerated = false;
  for (const [index, source] of text.split('\n').entries()) {
    const line = index + 1;
    const [, mark] = /^\s*(```+|~~~+)/.exec(source) ?? [];
    if (mark !== undefined && (fence === undefined || mark.startsWith(fence))) {
      fence = fence === undefined ? mark : undefined;
      lines.push(undefined);
      continue;
    }
    if (source.includes('<!-- generated -->')) isGenerated = true;
    if (source.includes('<!-- /generated -->')) isGenerated = false;
    if (fence !== undefined || isGenerated || source.startsWith('<!--')) lines.push(undefined);
    else if (/^\s*\|.*\|\s*$/.test(source)) {
      lines.push(undefined);
      if (!isTableRule(source)) cells.push(...cellsOf(source).map((cell) => ({ line, text: cell.trim() })));
    } else if (/^#+ /.test(source)) lines.push(undefined, { line, text: source.replace(/^#+ /, '') }, undefined);
    else lines.push({ line, text: source.replace(/^\s*>\s?/, '') });
  }
  return { blocks: [...joined(lines), ...cells.filter((cell) => cell.text !== '')], commentLines: [] };
}

/** The `#` comments of a script or a configuration file that have their own lines. */
export function hashBlocks(text) {
  const commentLines = [];
  const lines = text.split('\n').map((source, index) => {
    const [, comment] = /^\s*#(?!!)\s?(.*)$/.exec(source) ?? [];
    if (comment === undefined) return undefined;
    commentLines.push(index + 1);
    return /^ {2,}/.test(comment) ? undefined : { line: index + 1, text: comment };
  });
  return { blocks: joined(lines), commentLines };
}
