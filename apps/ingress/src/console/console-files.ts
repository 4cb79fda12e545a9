import { existsSync } from 'node:fs';
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

/** The first part of the path of a page. */
const pagePattern = /^[a-z]{1,40}$/;

/**
 * Reads the pages of the built console: the first parts of their paths.
 * @returns no pages if the folder does not exist.
 * @throws Error if the list of pages is missing or malformed.
 */
export async function readConsolePages(folder: string): Promise<readonly string[]> {
  if (!existsSync(join(folder, startFile))) return [];
  const file = join(folder, 'pages.json');
  const pages: unknown = JSON.parse(await readFile(file, 'utf8'));
  const isPage = (page: unknown): page is string => typeof page === 'string' && pagePattern.test(page);
  if (!Array.isArray(pages) || !pages.every(isPage)) throw new Error(`${file} is no list of pages: build the console again`);
  return pages;
}
