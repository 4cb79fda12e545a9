/**
 * Lets one line of each kind and interval into a log, with a count.
 *
 * While a broker or a store is down, each record and each try would log the same line. So the first
 * line of a kind is written at once. Those that follow within the interval are counted. At its end
 * the last of them is written, with the count, and the next interval begins.
 *
 * A kind is a message and the thing that it is about, a topic for example. So a line about one
 * topic hides none about another. Strangers choose some of these names, so they are bounded.
 */
export interface RepeatedLinesLimits {
  /** In milliseconds. */
  readonly intervalMs: number;
  /** Kinds that are remembered. Past it the oldest is written and forgotten. */
  readonly kindsMax: number;
  /** Subjects of a message that are told apart. Past it the others are one kind. */
  readonly subjectsMax: number;
}

/** Lines with the same texts are of one kind. */
export interface LineKind {
  readonly message: string;
  /** The thing that the line is about. Empty if it names none. */
  readonly subject: string;
}

/** How many lines one line stands for. */
export interface Repeats {
  /** Lines of the kind since the last one that was written, this one included. */
  readonly repeats: number;
  readonly withinSeconds: number;
}

/** Writes a line. @param repeats undefined for a line that stands for itself. */
type WriteLine = (repeats: Repeats | undefined) => void;

interface Kind {
  readonly message: string;
  readonly timer: NodeJS.Timeout;
  count: number;
  last: WriteLine | undefined;
}

export const repeatedLinesLimitsDefault: RepeatedLinesLimits = { intervalMs: 30_000, kindsMax: 256, subjectsMax: 16 };

/** The lines of one log. */
export class RepeatedLines {
  private readonly kinds = new Map<string, Kind>();
  /** The kinds of each message. */
  private readonly subjects = new Map<string, number>();

  constructor(private readonly limits: RepeatedLinesLimits = repeatedLinesLimitsDefault) {}

  /** Writes the line now or counts it. */
  add({ message, subject }: LineKind, write: WriteLine): void {
    const key = this.keyOf(message, subject);
    const known = this.kinds.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.last = write;
      return;
    }
    const oldest = this.kinds.keys().next().value;
    if (oldest !== undefined && this.kinds.size >= this.limits.kindsMax) this.end(oldest);
    this.begin(key, message);
    write(undefined);
  }

  /** Writes what was counted. Call it before the process ends. */
  flush(): void {
    for (const key of this.kinds.keys()) this.end(key);
  }

  private keyOf(message: string, subject: string): string {
    const key = JSON.stringify([message, subject]);
    if (this.kinds.has(key) || (this.subjects.get(message) ?? 0) < this.limits.subjectsMax) return key;
    return JSON.stringify([message]);
  }

  private begin(key: string, message: string): void {
    const timer = setTimeout(() => {
      if (this.end(key)) this.begin(key, message);
    }, this.limits.intervalMs);
    timer.unref();
    this.kinds.set(key, { message, timer, count: 0, last: undefined });
    this.subjects.set(message, (this.subjects.get(message) ?? 0) + 1);
  }

  /** @returns true if lines were counted. */
  private end(key: string): boolean {
    const known = this.kinds.get(key);
    if (known === undefined) return false;
    this.kinds.delete(key);
    const left = (this.subjects.get(known.message) ?? 0) - 1;
    if (left > 0) this.subjects.set(known.message, left);
    else this.subjects.delete(known.message);
    clearTimeout(known.timer);
    known.last?.({ repeats: known.count, withinSeconds: Math.round(this.limits.intervalMs / 1_000) });
    return known.last !== undefined;
  }
}
