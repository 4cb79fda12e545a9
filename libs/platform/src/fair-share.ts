/**
 * Places that several holders share: nobody can take all of them.
 *
 * A holder may take one more place while it has fewer than three times as many as are free. So one
 * holder alone gets three quarters. However many holders are greedy, some places stay free for one
 * that has none (dynamic thresholds, as switches share their buffers).
 */
export class FairShare {
  private readonly held = new Map<string, number>();
  private taken = 0;

  constructor(private readonly placesMax: number) {}

  /** Places that are taken now. */
  get count(): number {
    return this.taken;
  }

  /**
   * Takes a place for all of some holders, for example an access key and a function.
   * @returns a function that gives the place back, once; undefined if a holder has its share.
   */
  take(holders: readonly string[]): (() => void) | undefined {
    const free = this.placesMax - this.taken;
    if (free < 1 || holders.some((holder) => this.of(holder) >= sharePerFree * free)) return undefined;
    this.taken += 1;
    for (const holder of holders) this.held.set(holder, this.of(holder) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.taken -= 1;
      for (const holder of holders) {
        const left = this.of(holder) - 1;
        if (left === 0) this.held.delete(holder);
        else this.held.set(holder, left);
      }
    };
  }

  private of(holder: string): number {
    return this.held.get(holder) ?? 0;
  }
}

const sharePerFree = 3;
