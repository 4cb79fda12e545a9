import { lstat, readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { CommandFailure } from './command-failure.ts';

/** The file of a function's folder that holds its settings. It is not part of the code. */
export const settingsFileName = 'sendoff.json';

const archiveBytesMax = 50 * 1_048_576;
const filesMax = 20_000;
const codeExtensions: readonly string[] = ['.js', '.mjs', '.cjs'];
/** One date for all files, so that the same code gives the same archive. */
const mtime = new Date(Date.UTC(2020, 0, 1));

/** Code as it is uploaded. */
export interface PackedCode {
  /** The ZIP, in Base64. */
  readonly file: string;
  readonly files: number;
  readonly bytes: number;
}

/** The name that a function gets from its folder or file, unless another one is given. */
export function nameOfSource(source: string): string {
  const name = basename(source);
  return codeExtensions.includes(extname(name)) ? name.slice(0, -extname(name).length) : name;
}

/** Whether a file can be a function by itself. */
export function isCodeFile(file: string): boolean {
  return codeExtensions.includes(extname(file));
}

/**
 * Packs a folder, or one file as `index.js`, `index.mjs` or `index.cjs`. Hidden files and the
 * settings stay out.
 * @throws CommandFailure if there is no such code, or too much of it.
 */
export async function packCode(source: string): Promise<PackedCode> {
  const isFolder = await lstat(source).then(
    (found) => found.isDirectory(),
    () => {
      throw new CommandFailure('usage', `${source} does not exist`);
    },
  );
  if (!isFolder && !isCodeFile(source))
    throw new CommandFailure('usage', `${source} is neither a folder nor a file of JavaScript`);
  const files = isFolder ? await filesBelow(source) : [{ path: source, name: `index${extname(source)}` }];
  if (files.length === 0) throw new CommandFailure('usage', `${source} has no files`);
  const zip = new ZipFile();
  for (const { path, name } of files) zip.addFile(path, name, { mtime, mode: 0o100644 });
  zip.end();
  const bytes = await buffer(zip.outputStream as NodeJS.ReadableStream);
  if (bytes.length > archiveBytesMax)
    throw new CommandFailure('usage', `the code has ${bytes.length} bytes as a ZIP, and ${archiveBytesMax} are allowed`);
  return { file: bytes.toString('base64'), files: files.length, bytes: bytes.length };
}

async function filesBelow(folder: string): Promise<{ readonly path: string; readonly name: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.length > filesMax) throw new CommandFailure('usage', `${folder} has more than ${filesMax} files`);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, name: path.slice(join(folder, '/').length).replaceAll('\\', '/') }))
    .filter(({ name }) => name !== settingsFileName && !name.split('/').some((part) => part.startsWith('.')))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
