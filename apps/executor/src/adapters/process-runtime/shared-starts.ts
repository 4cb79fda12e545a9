/** The start of one instance, from the decision to start until its process runs. */
export interface Start<Outcome> {
  readonly functionUrn: string;
  /** Calls that wait for the instance. */
  readonly calls: number;
  /** True once the instance has room for each of these calls, and keeps it. */
  readonly hasSeats: boolean;
  readonly ended: Promise<Outcome>;
  /** Keeps room for all calls that wait. Nobody can join from now on. @returns how many wait. */
  close(): number;
}

type OpenStart<Outcome> = { -readonly [Key in keyof Start<Outcome>]: Start<Outcome>[Key] };

/**
 * Starts of instances under way. Calls of one function share a start as far as its instance can
 * serve them. Without this, each of 200 calls made a network and a user before the first instance
 * ran, and 199 of them were thrown away.
 */
export class SharedStarts<Outcome> {
  private readonly byPool = new Map<string, Set<OpenStart<Outcome>>>();

  /** Starts under way, of one function or of all. */
  count(functionUrn?: string): number {
    let count = 0;
    for (const starts of this.byPool.values())
      for (const start of starts) if (functionUrn === undefined || start.functionUrn === functionUrn) count += 1;
    return count;
  }

  /**
   * Joins a start under way.
   * @param callsMax how many calls the instance can serve at once.
   * @returns undefined if no start has a seat left.
   */
  join(pool: string, callsMax: number): Start<Outcome> | undefined {
    for (const start of this.byPool.get(pool) ?? []) {
      if (start.hasSeats || start.calls >= callsMax) continue;
      start.calls += 1;
      return start;
    }
    return undefined;
  }

  /**
   * Begins a start that others may {@link join}.
   * @param work starts the instance; it calls `close` when the instance has room for all that wait.
   * @returns the outcome of `work`.
   */
  async begin(pool: string, functionUrn: string, work: (start: Start<Outcome>) => Promise<Outcome>): Promise<Outcome> {
    const starts = this.byPool.get(pool) ?? new Set();
    this.byPool.set(pool, starts);
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    // Calls that joined hear of a failure. Without them, a rejection would be unhandled.
    promise.catch(() => undefined);
    const start: OpenStart<Outcome> = {
      functionUrn,
      calls: 1,
      hasSeats: false,
      ended: promise,
      close: () => {
        start.hasSeats = true;
        return start.calls;
      },
    };
    starts.add(start);
    try {
      resolve(await work(start));
    } catch (error) {
      reject(error);
    } finally {
      starts.delete(start);
      if (starts.size === 0 && this.byPool.get(pool) === starts) this.byPool.delete(pool);
    }
    return promise;
  }
}
