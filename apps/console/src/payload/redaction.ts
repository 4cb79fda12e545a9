/** Stands where a value is hidden. */
export const hiddenText = '•••';

/** Reads the paths that a viewer typed: one a line, or separated by commas. */
export function pathsIn(text: string): readonly string[] {
  return text.split(/[\n,]/).flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}

/** Whether a name of a path means a name of the value. `*` means each, also each item of a list. */
const isMeant = (wanted: string, name: string) => wanted === '*' || wanted === name;

function hide(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.length === 0) return value;
  if (paths.some((path) => path.length === 0)) return hiddenText;
  if (typeof value !== 'object' || value === null) return value;
  const within = (name: string) => paths.filter(([first = '']) => isMeant(first, name)).map(([, ...rest]) => rest);
  if (Array.isArray(value)) return value.map((item, at) => hide(item, within(String(at))));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, hide(each, within(name))]));
}

/** Characters that the indentation of a payload may have. */
const indentationMax = 1_000_000;

/**
 * How many characters indentation would add to JSON. Each level indents all lines within it: 8 KB
 * of brackets within each other become 32 MB, which stop the page.
 */
function indentationOf(json: string): number {
  let [added, depth, isText] = [0, 0, false];
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '"') isText = !isText;
    else if (isText && character === '\\') at += 1;
    if (isText) continue;
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    else if (character !== ',') continue;
    added += 2 * depth;
  }
  return added;
}

/** Writes JSON; undefined if the value is so deep that it cannot be written. */
function written(value: unknown): string | undefined {
  try {
    const json = JSON.stringify(value);
    return indentationOf(json) > indentationMax ? json : JSON.stringify(value, null, 2);
  } catch {
    return undefined;
  }
}

/**
 * Hides values of a payload by their paths.
 * @param payload JSON text.
 * @param paths as `user.password` or `cards.*.number`; names are told apart by dots.
 * @returns indented JSON, or JSON in one line if it is very deep. A payload that is no JSON is
 *   hidden whole if there is any path, because nothing tells where its values are.
 */
export function redacted(payload: string, paths: readonly string[]): string {
  const unchanged = paths.length === 0 ? payload : hiddenText;
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return unchanged;
  }
  const parts = paths.map((path) => path.split('.'));
  return written(hide(value, parts)) ?? unchanged;
}
