/** Taken items are cut off when they are this many. */
const cutAfter = 4_096;

/**
 * A line of items: the first that comes is the first that leaves. Taking costs the same however
 * long the line is. `shift` of an array costs 14 us with 20,000 items, because it moves them all.
 */
export class Fifo<T> {
  /** A place whose item was taken holds nothing, so that the item can be freed. */
  private items: (T | undefined)[] = [];
  private taken = 0;

  get size(): number {
    return this.items.length - this.taken;
  }

  /** The oldest item. */
  get head(): T | undefined {
    return this.items[this.taken];
  }

  /** The newest item. */
  get tail(): T | undefined {
    return this.size === 0 ? undefined : this.items.at(-1);
  }

  push(item: T): void {
    this.items.push(item);
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.items[this.taken];
    this.items[this.taken] = undefined;
    this.taken += 1;
    if (this.taken >= cutAfter || this.taken === this.items.length) {
      this.items = this.items.slice(this.taken);
      this.taken = 0;
    }
    return item;
  }

  /** Takes an item out of the line. One that is not the oldest costs a look at those before it. */
  remove(item: T): void {
    if (this.size > 0 && this.head === item) this.shift();
    else {
      const index = this.items.indexOf(item, this.taken);
      if (index !== -1) this.items.splice(index, 1);
    }
  }

  /** Looks at the items, oldest first. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = this.taken; index < this.items.length; index += 1) yield this.items[index] as T;
  }
}
