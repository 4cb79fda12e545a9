/** An entry of a {@link DueHeap}. */
export interface Due {
  /** In milliseconds; the smallest comes first. */
  readonly wakeAt: number;
}

/**
 * A binary heap with the smallest `wakeAt` at its head. `push` and `pop` take O(log n), `peek`
 * O(1).
 */
export class DueHeap<T extends Due> {
  private readonly entries: T[] = [];

  get size(): number {
    return this.entries.length;
  }

  /** The entry that is due first. Undefined if the heap is empty. */
  peek(): T | undefined {
    return this.entries[0];
  }

  push(entry: T): void {
    let index = this.entries.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.entries[parent];
      if (above === undefined || above.wakeAt <= entry.wakeAt) break;
      this.entries[index] = above;
      index = parent;
    }
    this.entries[index] = entry;
  }

  /** Removes the head and returns it. */
  pop(): T | undefined {
    const head = this.entries[0];
    const last = this.entries.pop();
    if (last !== undefined && this.entries.length > 0) this.sink(last);
    return head;
  }

  private sink(entry: T): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = this.entries[child];
      const right = this.entries[child + 1];
      if (left === undefined) break;
      if (right !== undefined && right.wakeAt < left.wakeAt) child++;
      const below = right !== undefined && right.wakeAt < left.wakeAt ? right : left;
      if (entry.wakeAt <= below.wakeAt) break;
      this.entries[index] = below;
      index = child;
    }
    this.entries[index] = entry;
  }
}
