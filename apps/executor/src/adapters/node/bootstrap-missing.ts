/** The error of a handler whose file the code does not have. */
import { type Dirent, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** Extensions of source files, in the order in which they are sought. */
export const extensions = ['.js', '.mjs', '.cjs'];

/** Folders that are looked into. An archive may have thousands of files. */
const foldersMax = 200;
const entriesShown = 5;

/** Folders of packages, and of the tools that pack archives, have no handler. */
const isSkipped = (name: string) => name === 'node_modules' || name === '__MACOSX' || name.startsWith('.');

/**
 * The error of a handler whose file is missing. Users often pack a folder instead of its content:
 * then the error names the folder. Otherwise it shows what the code has.
 * @param handler `file.export`.
 */
export function missingFile(handler: string, codeDir: string): Error {
  const path = handler.slice(0, handler.lastIndexOf('.'));
  const folder = folderWith(path, codeDir);
  const advice =
    folder === undefined
      ? `the code has ${contentOf(codeDir)}`
      : `the archive has it in the folder ${folder}/. Pack the content of that folder, or name the handler ${folder}/${handler}`;
  return Object.assign(new Error(`Cannot find module '${path}.js': ${advice}`), { code: 'MODULE_NOT_FOUND', stack: '' });
}

/** The first folder, from the top down, that has the file; undefined if none was found. */
function folderWith(path: string, codeDir: string): string | undefined {
  const names = extensions.map((extension) => basename(path) + extension);
  const folders = foldersIn(codeDir);
  for (let at = 0; at < folders.length && at < foldersMax; at++) {
    const folder = folders[at] ?? codeDir;
    const found = entriesOf(join(folder, dirname(path))).some((entry) => entry.isFile() && names.includes(entry.name));
    if (found) return relative(codeDir, folder);
    folders.push(...foldersIn(folder));
  }
  return undefined;
}

function foldersIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => entry.isDirectory() && !isSkipped(entry.name))
    .map(({ name }) => join(folder, name));
}

function contentOf(codeDir: string): string {
  const names = entriesOf(codeDir).map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  if (names.length === 0) return 'no files';
  const more = names.length - entriesShown;
  return names.slice(0, entriesShown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The entries of a folder by name; none if it cannot be read. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch {
    return [];
  }
}
