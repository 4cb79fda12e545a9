import { readFileSync } from 'node:fs';
import { PlatformError } from '#contracts';

/**
 * Returns a text that may change while the process runs, such as a password in a mounted file.
 * Never throws: while the file cannot be read, the last text that was read holds.
 */
export type TextSource = () => string;

/**
 * Makes a source of a value, or of a file that is read again at each call.
 * @param setting the environment variable that names the file, for the error.
 * @returns undefined if neither is given.
 * @throws PlatformError `CONFIG_INVALID` if the file cannot be read now, or is empty.
 */
export function textSource(value: string | undefined, file: string | undefined, setting: string): TextSource | undefined {
  if (value !== undefined) return () => value;
  if (file === undefined) return undefined;
  let last = firstText(file, setting);
  return () => {
    try {
      last = readFileSync(file, 'utf8').trimEnd() || last;
    } catch {
      // A mounted secret is replaced by two renames: the file may be missing for a moment.
    }
    return last;
  };
}

function firstText(file: string, setting: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PlatformError('CONFIG_INVALID', { details: { reason: `${setting}: the file cannot be read (${code})` }, cause });
  }
  if (text === '') throw new PlatformError('CONFIG_INVALID', { details: { reason: `${setting}: the file is empty` } });
  return text;
}
