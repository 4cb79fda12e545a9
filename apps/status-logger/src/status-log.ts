/** One line for one log stream. */
export interface StatusLogLine {
  /** The stream, as `group/stream`. */
  readonly statusLog: string;
  /** Printable, without its line end. */
  readonly line: string;
}

/**
 * Writes the status log: one line per change of an invocation's status, for functions that ask for
 * it.
 */
export interface StatusLog {
  /** Appends lines in their order. @returns resolves once the operating system has the lines. */
  append(lines: readonly StatusLogLine[]): Promise<void>;
}
