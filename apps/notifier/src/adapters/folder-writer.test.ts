import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderWriter } from './folder-writer.ts';

const never = new AbortController().signal;

describe('the thread that writes objects into a folder', () => {
  let root: string;
  let writer: FolderWriter;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sendoff-writer-'));
    writer = new FolderWriter();
  });
  afterEach(async () => {
    await writer.close();
    await rm(root, { recursive: true });
  });

  const objectAt = (name: string) => ({
    file: join(root, 'objects', name),
    text: `text of ${name}`,
    draft: join(root, 'drafts', name),
    mark: join(root, 'marks', name),
  });

  it('writes objects that come together, each with its mark', async () => {
    const names = Array.from({ length: 200 }, (_, number) => `object-${number}`);
    const faults = await Promise.all(names.map(async (name) => writer.write(objectAt(name), never)));
    expect(faults.every((fault) => fault === undefined)).toBe(true);
    expect((await readdir(join(root, 'marks'))).toSorted()).toEqual(names.toSorted());
    expect(await readFile(join(root, 'objects', 'object-199'), 'utf8')).toBe('text of object-199');
    expect(await readdir(join(root, 'drafts'))).toEqual([]);
  });

  it('tells which of them failed, and keeps what was there', async () => {
    // A file cannot take the place of a folder that holds something.
    await mkdir(join(root, 'objects', 'taken'), { recursive: true });
    await writeFile(join(root, 'objects', 'taken', 'former'), 'kept');
    const [first, taken, last] = await Promise.all(
      ['first', 'taken', 'last'].map(async (name) => writer.write(objectAt(name), never)),
    );
    expect([first, last]).toEqual([undefined, undefined]);
    expect(taken?.code).toMatch(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readFile(join(root, 'objects', 'taken', 'former'), 'utf8')).toBe('kept');
    expect(await readdir(join(root, 'drafts'))).toEqual([]);
  });

  it('does not write an object whose try ended while it waited', async () => {
    const ended = new AbortController();
    const first = writer.write(objectAt('first'), never);
    const late = writer.write(objectAt('late'), ended.signal);
    ended.abort();
    // A disk that hangs may never end the write before: the object waits no more.
    expect(await Promise.race([first, late])).toEqual({ message: 'the object waited too long for the disk' });
    expect(await first).toBeUndefined();
    expect(await readdir(join(root, 'objects'))).toEqual(['first']);
  });

  it('tries to write each of many objects that come at once', async () => {
    const taken = join(root, 'taken');
    await writeFile(taken, '');
    const object = { file: join(taken, 'file'), text: 'text', draft: join(taken, 'draft') };
    const faults = await Promise.all(Array.from({ length: 1_500 }, async () => writer.write(object, never)));
    expect(new Set(faults.map((fault) => fault?.code))).toEqual(new Set(['ENOTDIR']));
  });

  it('writes nothing more once it is closed, and tells so of all that wait', async () => {
    const writes = Array.from({ length: 100 }, async (_, number) => writer.write(objectAt(`object-${number}`), never));
    await writer.close();
    expect((await Promise.all(writes)).filter((fault) => fault === undefined)).toEqual([]);
    expect(await writer.write(objectAt('late'), never)).toEqual({ message: 'the notifier closes' });
    expect(await readdir(root)).toEqual([]);
  });
});
