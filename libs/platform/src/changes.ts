/** Lets callers wait for a change that somebody else makes. Each change ends all waits at once. */
export class Changes {
  private readonly waiting = new Set<() => void>();

  /** Resolves at the next change. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  tell(): void {
    // `clear` makes a new table, and changes are told with each record: see docs/adr/0043.
    if (this.waiting.size === 0) return;
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
