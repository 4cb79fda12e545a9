const lineLengthMax = 500;

/** The last lines of an output that are not empty, each cut. They tell why a program failed. */
export function lastLines(output: string, count: number): readonly string[] {
  return output
    .split('\n')
    .map((line) => line.trimEnd().slice(0, lineLengthMax))
    .filter((line) => line !== '')
    .slice(-count);
}
