import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';

/** A file of the console, ready to be sent. */
export interface ConsoleFile {
  readonly contentType: string;
  readonly bytes: Buffer;
  /** The same bytes compressed, by the name of the encoding. */
  readonly encoded: ReadonlyMap<string, Buffer>;
}

/** The file that every page of the console starts from. */
export const startFile = 'index.html';

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Endings of compressed copies, the smallest first. */
const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/**
 * Reads the built console into memory: some hundred kilobytes. Names have `/` between folders. No
 * request names a path of the disk, so none can leave the folder.
 * @returns no files if the folder does not exist: this copy was built without the console.
 */
export async function readConsoleFiles(folder: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  const known = new Set(names);
  const files = names.flatMap((name) => {
    const contentType = contentTypes[extname(name)];
    return contentType === undefined ? [] : [{ name, contentType }];
  });
  const read = files.map(async ({ name, contentType }): Promise<[string, ConsoleFile]> => {
    const copies = encodings.filter(([, ending]) => known.has(name + ending));
    const encoded = copies.map(async ([encoding, ending]) => [encoding, await readFile(join(folder, name + ending))] as const);
    return [name, { contentType, bytes: await readFile(join(folder, name)), encoded: new Map(await Promise.all(encoded)) }];
  });
  return new Map(await Promise.all(read));
}
