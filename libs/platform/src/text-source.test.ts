import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { textSource } from './text-source.ts';

describe('textSource', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sendoff-text-'));
    file = join(folder, 'secret');
  });
  afterEach(async () => rm(folder, { recursive: true }));

  it('reads a file again, without the line end', async () => {
    await writeFile(file, 'first\n');
    const source = textSource(undefined, file, 'A_FILE');
    expect(source?.()).toBe('first');
    await writeFile(file, 'second');
    expect(source?.()).toBe('second');
  });

  it('keeps the last text while the file is missing or empty', async () => {
    await writeFile(file, 'first');
    const source = textSource(undefined, file, 'A_FILE');
    await writeFile(file, '');
    expect(source?.()).toBe('first');
    await rm(file);
    expect(source?.()).toBe('first');
  });

  it('names the setting if the file is missing or empty at the start', async () => {
    expect(() => textSource(undefined, file, 'A_FILE')).toThrow(/A_FILE: the file cannot be read \(ENOENT\)/);
    await writeFile(file, '\n');
    expect(() => textSource(undefined, file, 'A_FILE')).toThrow(/A_FILE: the file is empty/);
  });

  it('is the value itself, or undefined without both', () => {
    expect(textSource('value', undefined, 'A_FILE')?.()).toBe('value');
    expect(textSource(undefined, undefined, 'A_FILE')).toBeUndefined();
  });
});
