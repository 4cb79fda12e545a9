/** The file that holds the code of a handler such as `index.handler`. */
export function sourceFileOf(handler: string): string {
  return `${handler.slice(0, Math.max(0, handler.lastIndexOf('.')))}.js`;
}

/** The entry of an archive that holds the code of a handler. Node.js knows three endings. */
export function handlerEntryOf<Entry extends { readonly name: string }>(
  entries: readonly Entry[],
  handler: string,
): Entry | undefined {
  const file = sourceFileOf(handler).slice(0, -'.js'.length);
  const names = ['.js', '.mjs', '.cjs'].flatMap((ending) => [file + ending, `./${file}${ending}`]);
  return names.map((name) => entries.find((entry) => entry.name === name)).find((entry) => entry !== undefined);
}
