/**
 * Numeric users of this machine that nobody else has: one for each instance, and one group for each
 * code folder. Only root can hand them out.
 */
export class UserRange {
  private readonly taken = new Set<number>();
  private next: number;

  /**
   * @param first the first id of the range. @param count the ids in the range.
   * @param start where to begin, in `[0, 1)` of the range: executors of one machine begin apart.
   */
  constructor(
    private readonly first: number,
    private readonly count: number,
    start = 0,
  ) {
    this.next = Math.floor(start * count);
  }

  /**
   * Takes the free id that was given back longest ago, or never.
   * @throws Error if all ids are taken.
   */
  take(): number {
    for (let tried = 0; tried < this.count; tried++) {
      const id = this.first + (this.next++ % this.count);
      if (this.taken.has(id)) continue;
      this.taken.add(id);
      return id;
    }
    throw new Error(`all ${this.count} users for functions are taken: raise FUNCTION_USERS`);
  }

  /** Gives an id back. */
  giveBack(id: number): void {
    this.taken.delete(id);
  }
}
