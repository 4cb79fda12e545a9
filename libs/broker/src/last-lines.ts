const lineLengthMax = 500;

/**
 * The last lines of an output, each cut. They tell why a program failed, so empty lines and the
 * frames of a Java stack are left out.
 */
export function lastLines(output: string, count: number): readonly string[] {
  return output
    .split('\n')
    .map((line) => line.trimEnd().slice(0, lineLengthMax))
    .filter((line) => line !== '' && !/^\s+at /.test(line))
    .slice(-count);
}
