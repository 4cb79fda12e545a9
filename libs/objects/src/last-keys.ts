import { namesMax } from './bucket-reader.ts';

/** A name within a folder. */
export interface FolderEntry {
  /** The whole key; that of a folder ends with `/`. */
  readonly key: string;
  readonly isFolder: boolean;
}

/** The entries of a folder whose keys begin with a prefix, in any order. */
export type EntriesOf<Entry extends FolderEntry> = (folder: string, prefix: string) => AsyncIterable<Entry>;

interface KeyRange {
  readonly prefix: string;
  readonly below?: string;
  readonly limit: number;
}

/** Splits a prefix into its folder, which is empty or ends with `/`, and the rest. */
function folderOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/') + 1);
}

function byLastKey(one: FolderEntry, other: FolderEntry): number {
  return one.key < other.key ? 1 : -1;
}

/** The entries with the last keys, at most `limit`, the last first. Keeps few in memory. */
async function lastOf<Entry extends FolderEntry>(entries: AsyncIterable<Entry>, limit: number): Promise<Entry[]> {
  let last: Entry[] = [];
  for await (const entry of entries) {
    last.push(entry);
    if (last.length === 2 * limit) last = last.toSorted(byLastKey).slice(0, limit);
  }
  return last.toSorted(byLastKey).slice(0, limit);
}

/**
 * Finds the last keys of a tree of folders. Stores list from the first key on, so this looks at all
 * names of a folder, and enters the last folders only.
 * @returns at most one more than `limit`, the last first. Undefined if it would look at more than
 *   {@link namesMax} names.
 */
export async function lastKeys<Entry extends FolderEntry>(
  entriesOf: EntriesOf<Entry>,
  { prefix, below, limit }: KeyRange,
  signal: AbortSignal,
): Promise<readonly Entry[] | undefined> {
  const wanted = limit + 1;
  const found: Entry[] = [];
  let looked = 0;

  async function* entriesBelow(folder: string, beginning: string, bound: string | undefined): AsyncIterable<Entry> {
    for await (const entry of entriesOf(folder, beginning)) {
      signal.throwIfAborted();
      looked += 1;
      if (looked > namesMax) return;
      // A folder whose key is below the bound holds keys below it.
      if (bound === undefined || entry.key < bound) yield entry;
    }
  }

  async function visit(folder: string, beginning: string): Promise<void> {
    let bound = below;
    for (;;) {
      const last = await lastOf(entriesBelow(folder, beginning, bound), wanted);
      for (const entry of last) {
        if (entry.isFolder) await visit(entry.key, entry.key);
        else found.push(entry);
        if (found.length === wanted || looked > namesMax) return;
      }
      // Folders may be empty, so fewer may be found than were looked for.
      if (last.length < wanted) return;
      bound = last.at(-1)?.key;
    }
  }

  await visit(folderOf(prefix), prefix);
  return looked > namesMax ? undefined : found;
}
