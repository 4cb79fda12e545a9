/**
 * Goal: what is written is read by others and by our own. Method: Python's reader, and the checks
 * that archives of callers go through.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { archiveLimits, readArchive } from './archive.ts';
import { writeArchive } from './write-archive.ts';

const files = [
  { path: 'été.yaml', bytes: Buffer.from('{"a": 1}') },
  { path: 'code/a.zip', bytes: Buffer.alloc(70_000, 'abc') },
  { path: 'empty', bytes: Buffer.alloc(0) },
];

describe('an archive that is written', () => {
  it('is read as it was, by our own', async () => {
    const read = await readArchive(writeArchive(files), 100_000);
    expect(read).toEqual({ kind: 'read', files: new Map(files.map(({ path, bytes }) => [path, bytes])) });
  });

  it('is sound to a common tool', () => {
    const script =
      'import io, json, sys, zipfile; z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); print(json.dumps([z.testzip(), z.namelist()]))';
    const said = execFileSync('python3', ['-c', script], { input: writeArchive(files) });
    expect(JSON.parse(String(said))).toEqual([null, files.map(({ path }) => path)]);
  });

  it('is the same bytes each time', () => {
    expect(writeArchive(files).equals(writeArchive(files))).toBe(true);
  });
});

describe('an archive that is read into memory', () => {
  it('may unpack to so much and no more', async () => {
    expect(await readArchive(writeArchive(files), 70_008)).toMatchObject({ kind: 'read' });
    expect(await readArchive(writeArchive(files), 70_007)).toEqual({
      kind: 'refused',
      reason: 'the archive unpacks to more than 70007 bytes',
    });
  });

  it.each([
    ['leads out', [{ path: '../a', bytes: Buffer.from('x') }]],
    ['has a file twice', [files[0], files[0]]],
    ['has none', []],
  ])('is refused as any other: one that %s', async (_what, bad) => {
    const written = writeArchive(bad as typeof files);
    expect((await readArchive(written, archiveLimits.archiveBytesMax)).kind).toBe('refused');
  });
});
