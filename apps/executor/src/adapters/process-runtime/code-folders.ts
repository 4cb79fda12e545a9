/**
 * Folders with the code of functions, and a temporary folder for each instance that runs it.
 *
 * F1. A code folder is renamed to its final name when it is complete, so that no instance runs half
 *     an archive.
 * F2. A code folder is made once for each digest and kept while an instance uses it. Beyond
 *     `foldersMax` folders or `bytesMax` bytes of code, the unused folder that was used longest ago
 *     is deleted.
 * F3. A temporary folder belongs to one instance and is deleted with it. Instances of the same code
 *     share no folder that they can write to. The walls make it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FunctionDocument, runtimeOf } from '#contracts';
import { type ObjectStore, unpackArchive } from '#objects';
import type { Cell, Walls } from '../walls/walls.ts';

/**
 * A cell with code in it, or the reason for its lack: `unavailable` may pass, `impossible` will
 * not.
 */
export type WorkplaceAnswer =
  | { readonly kind: 'ready'; readonly workplace: Cell }
  | { readonly kind: 'unavailable' | 'impossible'; readonly reason: string };

/** Bytes of code on disk, where no setting says otherwise. */
const codeFolderBytesMaxDefault = 10 * 1_073_741_824;

interface Folder {
  readonly made: Promise<Made>;
  users: number;
  /** On disk; 0 until it is made. */
  bytes: number;
}

type Made =
  | { readonly kind: 'made'; readonly path: string; readonly bytes: number }
  | Exclude<WorkplaceAnswer, { kind: 'ready' }>;

/** Makes and keeps code folders below a folder of its own. */
export class CodeFolders {
  /** By name, in the order of their last use. */
  private readonly folders = new Map<string, Folder>();
  /** Bytes of all folders on disk. */
  private bytes = 0;

  constructor(
    private readonly root: string,
    private readonly store: Pick<ObjectStore, 'get'>,
    private readonly foldersMax: number,
    private readonly walls: Walls,
    private readonly bytesMax: number = codeFolderBytesMaxDefault,
  ) {}

  /** Makes a workplace for an instance of a function. Never rejects. */
  async workplaceFor(fn: FunctionDocument): Promise<WorkplaceAnswer> {
    const name = folderName(fn);
    const folder = this.folders.get(name) ?? this.startFolder(fn, name);
    this.folders.delete(name);
    this.folders.set(name, folder);
    folder.users++;
    const answer = await this.workplaceIn(folder);
    if (answer.kind !== 'ready') folder.users--;
    const made = await folder.made;
    // The next call tries a folder again that could not be made.
    if (made.kind !== 'made' && this.folders.get(name) === folder) this.folders.delete(name);
    return answer;
  }

  /** Begins to make a folder. Its bytes count as soon as it is made. */
  private startFolder(fn: FunctionDocument, name: string): Folder {
    const made = this.make(fn, join(this.root, 'code', `${name}-${randomUUID()}`));
    const folder: Folder = { made, users: 0, bytes: 0 };
    void made.then((answer) => {
      if (answer.kind !== 'made') return;
      folder.bytes = answer.bytes;
      this.bytes += answer.bytes;
      this.forgetUnused();
    });
    return folder;
  }

  private async workplaceIn(folder: Folder): Promise<WorkplaceAnswer> {
    const made = await folder.made;
    if (made.kind !== 'made') return made;
    try {
      const cell = await this.walls.cellFor(made.path);
      const release = () => {
        folder.users--;
        cell.release();
        this.forgetUnused();
      };
      return { kind: 'ready', workplace: { ...cell, release } };
    } catch (error) {
      return { kind: 'unavailable', reason: `cannot make a place for an instance: ${(error as Error).message}` };
    }
  }

  private async make(fn: FunctionDocument, path: string): Promise<Made> {
    const draft = `${path}.draft`;
    try {
      const filled = await this.fill(fn, draft);
      if (typeof filled !== 'number') return filled;
      await rename(draft, path);
      await this.walls.openCode(path);
      return { kind: 'made', path, bytes: filled };
    } catch (error) {
      // The folder may have its final name and a group already, and nobody else knows of it.
      await this.deleteFolder(path);
      return { kind: 'unavailable', reason: `cannot prepare the code: ${(error as Error).message}` };
    } finally {
      await removed(draft);
    }
  }

  /**
   * @returns the bytes that the code takes on disk, or the reason why the folder does not hold it.
   */
  private async fill(
    { code, handler, runtime }: FunctionDocument,
    folder: string,
  ): Promise<Exclude<Made, { kind: 'made' }> | number> {
    switch (code.kind) {
      case 'inline': {
        const file = join(folder, `${handlerFile(handler)}${sourceExtension(runtime)}`);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, code.source);
        return onDisk(1, Buffer.byteLength(code.source));
      }
      case 'archive': {
        const bytes = await this.store.get(code.digest);
        if (bytes === undefined)
          return { kind: 'unavailable', reason: `the object store has no code ${code.digest.slice(0, 16)}…` };
        const verdict = await unpackArchive(bytes, folder);
        return verdict.kind === 'refused'
          ? { kind: 'impossible', reason: `the archive is refused: ${verdict.reason}` }
          : onDisk(verdict.files, verdict.unpackedBytes);
      }
      case 'url':
        return { kind: 'impossible', reason: 'the function has no code' };
      default:
        return code satisfies never;
    }
  }

  private forgetUnused(): void {
    for (const [name, { users, made, bytes }] of this.folders) {
      if (this.folders.size <= this.foldersMax && this.bytes <= this.bytesMax) return;
      if (users > 0) continue;
      this.folders.delete(name);
      this.bytes -= bytes;
      void made.then(async (folder) => {
        if (folder.kind === 'made') await this.deleteFolder(folder.path);
      });
    }
  }

  private async deleteFolder(path: string): Promise<void> {
    await removed(path);
    this.walls.closeCode(path);
  }
}

/** A file takes a block at least. */
const blockBytes = 4_096;

function onDisk(files: number, bytes: number): number {
  return bytes + files * blockBytes;
}

/** Best effort: the parent folder is deleted when the executor ends. */
async function removed(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}

/** The extension of a runtime's source files. */
function sourceExtension(runtime: string): string {
  const found = runtimeOf(runtime);
  return found?.code === 'files' ? found.sourceExtension : '';
}

/** The file of a handler, without its extension. */
function handlerFile(handler: string): string {
  return handler.slice(0, handler.lastIndexOf('.'));
}

/** The handler names the file of inline source, so the file is part of the folder's name. */
function folderName({ code, handler, runtime }: FunctionDocument): string {
  const text =
    code.kind === 'inline'
      ? `${code.digest} ${handlerFile(handler)}${sourceExtension(runtime)}`
      : code.kind === 'archive'
        ? code.digest
        : code.url;
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}
