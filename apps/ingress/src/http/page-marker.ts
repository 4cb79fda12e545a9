import { ApiError } from './api-error.ts';

/** Longest marker, in characters. */
export const markerLengthMax = 2_000;

/**
 * Writes the text by which a client asks for the page after this one; empty after the last page.
 * @param placeOf the place of an item in the list.
 */
export function nextMarker<Item>(
  items: readonly Item[],
  hasMore: boolean,
  placeOf: (item: Item) => readonly (string | number)[],
): string {
  const last = items.at(-1);
  return hasMore && last !== undefined ? Buffer.from(JSON.stringify(placeOf(last))).toString('base64url') : '';
}

/**
 * Reads a marker back. @param types of the values that the place has.
 * @throws ApiError FSS.1001 if the text is no marker of such a place.
 */
export function readMarker(marker: string, types: readonly ('string' | 'number')[]): readonly unknown[] {
  const malformed = new ApiError('FSS.1001', 'marker must be the next_marker of the page before');
  if (marker.length > markerLengthMax) throw malformed;
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(marker, 'base64url').toString('utf8'));
  } catch {
    throw malformed;
  }
  const isOne = (type: 'string' | 'number', value: unknown) =>
    type === 'string' ? typeof value === 'string' : Number.isSafeInteger(value);
  if (!Array.isArray(place) || !types.every((type, index) => isOne(type, (place as unknown[])[index]))) throw malformed;
  return place;
}
