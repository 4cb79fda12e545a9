/** The places of a reader: for each process of a status-logger the last number that it has seen. */
export type LivePlaces = Map<string, number>;

const placesMax = 16;

/** Writes places as the id of an event: `<process>:<number>`, separated by commas. */
export function placesText(places: LivePlaces): string {
  return [...places]
    .slice(-placesMax)
    .map(([process, number]) => `${process}:${number}`)
    .join(',');
}

/** Reads places back; undefined if the text is malformed. */
export function readPlaces(text: string): LivePlaces | undefined {
  const places: LivePlaces = new Map();
  const parts = text.split(',');
  if (parts.length > placesMax) return undefined;
  for (const part of parts) {
    const [, process, number] = /^([a-z0-9-]{1,64}):(\d{1,15})$/.exec(part) ?? [];
    if (process === undefined) return undefined;
    places.set(process, Number(number));
  }
  return places;
}
