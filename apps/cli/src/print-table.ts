import { printable } from '#contracts';

/**
 * Sets rows in columns, each as wide as its widest cell.
 * @param heads the names of the columns.
 * @returns the lines, without trailing blanks. Cells show control characters as escapes.
 */
export function tableLines(heads: readonly string[], rows: readonly (readonly (string | number | boolean)[])[]): string[] {
  const cells = [heads, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A count with its noun, as in `1 attempt` and `2 attempts`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
