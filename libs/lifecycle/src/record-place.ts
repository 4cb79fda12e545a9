import type { RecordPlace } from '#contracts';

/**
 * How many places an invocation keeps. Brokers differ in their clocks by some milliseconds, and an
 * invocation may move to another topic within one. So the newest place may be the second.
 */
export const placesMax = 3;

/**
 * Adds a place to the newest ones, and returns the same list if it changes nothing. Commutative and
 * idempotent (I4): the list is the first {@link placesMax} places of one total order.
 * @param places newest first.
 */
export function withPlace(places: readonly RecordPlace[], place: RecordPlace): readonly RecordPlace[] {
  const after = places.findIndex((known) => compare(place, known) <= 0);
  const index = after === -1 ? places.length : after;
  if (index >= placesMax) return places;
  const known = places[index];
  if (known !== undefined && compare(place, known) === 0) return places;
  return places.toSpliced(index, 0, place).slice(0, placesMax);
}

/** Negative if `one` is newer than `other`, 0 if they are the same record. */
function compare(one: RecordPlace, other: RecordPlace): number {
  if (one.at !== other.at) return other.at - one.at;
  if (one.topic !== other.topic) return one.topic > other.topic ? -1 : 1;
  if (one.partition !== other.partition) return other.partition - one.partition;
  return other.offset - one.offset;
}
