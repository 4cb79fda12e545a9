/** A bar on a terminal that tells how far something is. */
export interface ProgressBar {
  update(over: number, total: number, words: string): void;
  end(): void;
}

/** The environment, folders, streams and clock of a command. Tests give their own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The current folder, absolute. */
  readonly folder: string;
  /** The folder that holds `.config`. */
  readonly home: string;
  /** Writes one line to the standard output. */
  readonly print: (line: string) => void;
  /** Writes one line to the standard error. */
  readonly note: (line: string) => void;
  /** Draws a bar on the standard error; absent if that is no terminal. */
  readonly progress?: () => ProgressBar;
  /** Reads the standard input to its end. */
  readonly readInput: () => Promise<string>;
  /** Waits; rejects with an AbortError once the user interrupts. */
  readonly wait: (ms: number) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Aborted once the user interrupts. */
  readonly interrupted: AbortSignal;
}
