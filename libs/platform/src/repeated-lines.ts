/**
 * Lets one line of each kind and interval into a log, with a count.
 *
 * While a broker or a store is down, each record and each try would log the same line. So the first
 * line of a kind is written at once. Those that follow within the interval are counted. At its end
 * the last of them is written, with the count, and the next interval begins.
 */
export interface RepeatedLinesLimits {
  /** In milliseconds. */
  readonly intervalMs: number;
  /** Kinds that are remembered. Past it the oldest is written and forgotten. */
  readonly kindsMax: number;
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
  readonly timer: NodeJS.Timeout;
  count: number;
  last: WriteLine | undefined;
}

export const repeatedLinesLimitsDefault: RepeatedLinesLimits = { intervalMs: 30_000, kindsMax: 256 };

/** The lines of one log. */
export class RepeatedLines {
  private readonly kinds = new Map<string, Kind>();

  constructor(private readonly limits: RepeatedLinesLimits = repeatedLinesLimitsDefault) {}

  /** Writes the line now or counts it. @param kind lines with the same text are alike. */
  add(kind: string, write: WriteLine): void {
    const known = this.kinds.get(kind);
    if (known !== undefined) {
      known.count += 1;
      known.last = write;
      return;
    }
    const oldest = this.kinds.keys().next().value;
    if (oldest !== undefined && this.kinds.size >= this.limits.kindsMax) this.end(oldest);
    this.begin(kind);
    write(undefined);
  }

  /** Writes what was counted. Call it before the process ends. */
  flush(): void {
    for (const kind of this.kinds.keys()) this.end(kind);
  }

  private begin(kind: string): void {
    const timer = setTimeout(() => {
      if (this.end(kind)) this.begin(kind);
    }, this.limits.intervalMs);
    timer.unref();
    this.kinds.set(kind, { timer, count: 0, last: undefined });
  }

  /** @returns true if lines were counted. */
  private end(kind: string): boolean {
    const known = this.kinds.get(kind);
    this.kinds.delete(kind);
    clearTimeout(known?.timer);
    known?.last?.({ repeats: known.count, withinSeconds: Math.round(this.limits.intervalMs / 1_000) });
    return known?.last !== undefined;
  }
}
