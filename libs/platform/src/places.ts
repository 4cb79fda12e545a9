/** Bounds how many acts run at once. Others wait in their order. */
export class Places {
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  /** @param max acts at once. */
  constructor(private readonly max: number) {}

  /** Runs an act when a place is free. */
  async within<T>(act: () => Promise<T>): Promise<T> {
    if (this.taken < this.max) this.taken++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await act();
    } finally {
      // The place goes to the next act directly, so that no act in between makes one too many.
      const next = this.waiting.shift();
      if (next === undefined) this.taken--;
      else next();
    }
  }
}
