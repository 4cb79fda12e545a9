const deadlineMs = 15_000;

/** Collects items as they arrive and lets a test wait for them. */
export class Arrivals<Item> {
  readonly items: Item[] = [];
  private readonly checks = new Set<() => void>();

  add(item: Item): void {
    this.items.push(item);
    for (const check of this.checks) check();
  }

  /**
   * Waits for a number of items, or until a test of the items passes.
   * @returns all items that arrived so far.
   * @throws Error after 15 s.
   */
  until(isEnough: number | ((items: readonly Item[]) => boolean)): Promise<readonly Item[]> {
    const isThere = typeof isEnough === 'number' ? (items: readonly Item[]) => items.length >= isEnough : isEnough;
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!isThere(this.items)) return;
        clearTimeout(timer);
        this.checks.delete(check);
        resolve(this.items);
      };
      const timer = setTimeout(() => {
        this.checks.delete(check);
        reject(new Error(`The awaited items did not arrive within ${deadlineMs} ms; ${this.items.length} arrived`));
      }, deadlineMs);
      this.checks.add(check);
      check();
    });
  }
}
