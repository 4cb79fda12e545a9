import { LRUCache } from 'lru-cache';

/**
 * A cache of at most `max` entries that takes memory as it fills; the entry used least recently is
 * forgotten first. The option `max` of the library reserves room for all entries at once, which is
 * 1.7 MB for 100,000.
 */
export function growingCache<Value extends NonNullable<unknown>>(max: number): LRUCache<string, Value> {
  return new LRUCache({ maxSize: max, sizeCalculation: () => 1 });
}
