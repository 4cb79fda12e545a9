/**
 * Says why a text is no event: it must be a JSON object. Undefined if it is one. Browsers that tell
 * the place of an error in the text name its line and column, and so does this.
 */
export function eventFault(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, position] = /position (\d+)/.exec(message) ?? [];
    const place = position === undefined ? placeOf(text, message) : placeAt(text, Number(position));
    const [reason = ''] = message.split(/ (?:in JSON )?at position /);
    return `This is no JSON${place}: ${reason}`;
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? undefined : 'The event must be a JSON object, as {"name": "world"}.';
}

function placeAt(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n');
  return `, line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** Some messages name no position: that of an end that comes too early is the end. */
function placeOf(text: string, message: string): string {
  return /end of/i.test(message) ? placeAt(text, text.length) : '';
}
