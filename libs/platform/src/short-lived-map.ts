/** Places of entries that are gone are kept until they are this many, and more than the entries. */
const goneMax = 1_024;

/**
 * A map for entries that come and go by the thousand, such as the work that is under way.
 *
 * A `Map` of V8 gets a new table whenever it grows, shrinks or is full of deleted places. Each
 * former table holds the next one. Once one of them has become old, collections of the young
 * generation keep all that follow, with the values that they held. Only a full collection frees
 * them. A service spent a third of its time on values that had long been deleted.
 *
 * This map deletes by overwriting the value, and begins a new table of its own now and then, which
 * no old one holds. Keys that are set again after a deletion may keep their former place in the
 * order. An iterator may still give values that were deleted after it began.
 */
export class ShortLivedMap<Key extends string | number, Value> {
  private map = new Map<Key, Value | undefined>();
  private live = 0;
  private gone = 0;

  get size(): number {
    return this.live;
  }

  get(key: Key): Value | undefined {
    return this.map.get(key);
  }

  has(key: Key): boolean {
    return this.map.get(key) !== undefined;
  }

  set(key: Key, value: Value & {}): void {
    if (this.map.get(key) === undefined) this.live += 1;
    this.map.set(key, value);
  }

  /** @returns whether the key had a value. */
  delete(key: Key): boolean {
    if (this.map.get(key) === undefined) return false;
    this.map.set(key, undefined);
    this.live -= 1;
    this.gone += 1;
    if (this.gone >= goneMax && this.gone > this.live) this.beginTable();
    return true;
  }

  clear(): void {
    this.map = new Map();
    this.live = 0;
    this.gone = 0;
  }

  /** The entries, the oldest first. */
  *entries(): IterableIterator<[Key, Value]> {
    for (const [key, value] of this.map) if (value !== undefined) yield [key, value];
  }

  /** The keys, the oldest first. */
  *keys(): IterableIterator<Key> {
    for (const [key] of this.entries()) yield key;
  }

  /** The values, the oldest first. */
  *values(): IterableIterator<Value> {
    for (const value of this.map.values()) if (value !== undefined) yield value;
  }

  private beginTable(): void {
    const next = new Map<Key, Value | undefined>();
    for (const [key, value] of this.map) if (value !== undefined) next.set(key, value);
    this.map = next;
    this.gone = 0;
  }
}
