import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How {@link writeWholeFile} writes. */
interface WholeFileOptions {
  /** Access mode of the file; as the process creates files unless given. */
  readonly mode?: number;
  /** Waits until the disk has the bytes, so that they outlive a power failure. */
  readonly isSynced?: boolean;
  /** The time that the file shows as that of its last change; now by the clock of this machine. */
  readonly changedAt?: Date;
}

/**
 * Writes a file that readers see whole or not at all: a draft is written and renamed. Folders are
 * created as needed. A failure, such as a full disk, leaves no draft and the former file as it was.
 * @throws the error of the file system.
 */
export async function writeWholeFile(
  file: string,
  content: Buffer | string,
  { mode, isSynced = false, changedAt }: WholeFileOptions = {},
): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(draft, 'wx', mode);
    try {
      await handle.writeFile(content);
      if (changedAt !== undefined) await handle.utimes(changedAt, changedAt);
      if (isSynced) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}
