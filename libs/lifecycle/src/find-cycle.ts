/**
 * Looks for a way back to `start` along directed edges.
 * @param edges the direct successors of a node; may be asked for any node, each once.
 * @returns the path, `start` at both ends; undefined when there is none.
 */
export function findCycle(start: string, edges: (node: string) => readonly string[]): readonly string[] | undefined {
  const seen = new Set<string>();
  const paths: (readonly string[])[] = [[start]];
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    for (const next of edges(path.at(-1) ?? start)) {
      if (next === start) return [...path, next];
      if (seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return undefined;
}
