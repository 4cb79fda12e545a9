import { statfs } from 'node:fs/promises';

const bytesMin = 32 * 1_048_576;

/** Says that the disk of a folder is full, or almost. Empty if it has room or cannot be asked. */
export async function lackOfSpace(folder: string): Promise<string> {
  const disk = await statfs(folder).catch(() => undefined);
  if (disk === undefined) return '';
  const freeBytes = disk.bavail * disk.bsize;
  if (freeBytes < bytesMin) return `the disk of ${folder} is full: ${Math.floor(freeBytes / 1_048_576)} MB are free`;
  return disk.files > 0 && disk.ffree === 0 ? `the disk of ${folder} can hold no more files` : '';
}
