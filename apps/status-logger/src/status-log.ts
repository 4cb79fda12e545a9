/** Lines for one `group/stream` each. */
export interface StatusLogLine {
  readonly statusLog: string;
  readonly line: string;
}

/** Where the status log is written. Appending resolves once the lines are handed to the operating system. */
export interface StatusLog {
  append(lines: readonly StatusLogLine[]): Promise<void>;
}
