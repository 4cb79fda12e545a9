import { stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import archiver from 'archiver';
import type { ArchiveSource } from './definitions.ts';

/**
 * Makes a ZIP, in Base64.
 * @throws Error if the folder does not exist.
 */
export async function pack(source: ArchiveSource): Promise<string> {
  const archive = archiver('zip');
  if ('folder' in source) {
    const isFolder = await stat(source.folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder) throw new Error(`${source.folder} is not a folder: name the folder that holds the files of the function`);
    archive.directory(source.folder, false);
  } else {
    archive.append(source.content, { name: source.name });
  }
  const [bytes] = await Promise.all([buffer(archive), archive.finalize()]);
  return bytes.toString('base64');
}
