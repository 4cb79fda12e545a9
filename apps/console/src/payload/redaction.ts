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

/**
 * Hides values of a payload by their paths.
 * @param payload JSON text.
 * @param paths as `user.password` or `cards.*.number`; names are told apart by dots.
 * @returns indented JSON. A payload that is no JSON is hidden whole if there is any path, because
 *   nothing tells where its values are.
 */
export function redacted(payload: string, paths: readonly string[]): string {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return paths.length === 0 ? payload : hiddenText;
  }
  return (
    JSON.stringify(
      hide(
        value,
        paths.map((path) => path.split('.')),
      ),
      null,
      2,
    ) ?? ''
  );
}
