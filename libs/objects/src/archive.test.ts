/**
 * Goal: no archive escapes its folder, fills a disk, or differs from its directory. Method: ZIPs
 * built byte by byte, one fault each; each is refused both when it is inspected and when it is
 * unpacked.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aZip, type ZipEntry, zipOf } from '#testing';
import { archiveLimits, inspectArchive, unpackArchive } from './archive.ts';

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sendoff-archive-'));
  folder = join(root, 'code');
});
afterEach(async () => rm(root, { recursive: true, force: true }));

const file = (name: string, more: Partial<ZipEntry> = {}): ZipEntry => ({ name, data: 'x', ...more });
const zeros = Buffer.alloc(archiveLimits.ratioFromBytes + 1);

describe('an archive', () => {
  it('unpacks to its files and folders', async () => {
    const archive = aZip([
      file('index.js', { data: 'one', method: 0 }),
      { name: 'lib/' },
      file('lib/été.js', { data: 'two'.repeat(1_000) }),
      file('node_modules/@a/b/package.json', { data: '{}' }),
      { name: 'node_modules/@a/' },
    ]);
    const sound = { kind: 'sound', files: 3, unpackedBytes: 3_005 };
    expect(await inspectArchive(archive)).toEqual(sound);
    expect(await unpackArchive(archive, folder)).toEqual(sound);
    expect(await readFile(join(folder, 'index.js'), 'utf8')).toBe('one');
    expect(await readFile(join(folder, 'lib/été.js'), 'utf8')).toBe('two'.repeat(1_000));
    expect(await readFile(join(folder, 'node_modules/@a/b/package.json'), 'utf8')).toBe('{}');
  });

  it('may have entries that begin with ./', async () => {
    const archive = aZip([{ name: './' }, file('./index.js'), { name: './lib/' }, file('././lib/one.js')]);
    expect(await unpackArchive(archive, folder)).toMatchObject({ kind: 'sound', files: 2 });
    expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(['index.js', 'lib', 'lib/one.js']);
  });

  it('made by Python is accepted', async () => {
    const script = "import zipfile; z = zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED); z.writestr('a/index.js', 'x' * 999)";
    execFileSync('python3', ['-c', script], { cwd: root });
    expect(await unpackArchive(await readFile(join(root, 'a.zip')), folder)).toMatchObject({ kind: 'sound', files: 1 });
    expect(await readFile(join(folder, 'a/index.js'), 'utf8')).toBe('x'.repeat(999));
  });

  it.each<[what: string, entries: readonly ZipEntry[], reason: RegExp]>([
    ['escapes its folder', [file('../evil.js')], /invalid relative path/],
    ['escapes its folder by a detour', [file('a/../../evil.js')], /invalid relative path/],
    ['has an absolute name', [file('/etc/cron.d/evil')], /absolute path/],
    ['has a drive in a name', [file('C:evil.js')], /absolute path/],
    ['has a backslash in a name', [file('..\\evil.js')], /invalid characters/],
    ['has a name with a line end', [file('a\nb')], /a\?b has a backslash or a control character/],
    ['has a name with a NUL', [file('a\0b')], /a\?b has a backslash or a control character/],
    ['names a file with and without ./', [file('./a'), file('a')], /a occurs twice/],
    ['has a name with a part .', [file('a/./b')], /has an empty part/],
    ['has a name with an empty part', [file('a//b')], /has an empty part/],
    ['has a name that is too long', [file('a/'.repeat(20) + 'b'.repeat(256))], /longer than 255 bytes/],
    ['has a path that is too long', [file('abcdefghijklmnop/'.repeat(61))], /longer than 1024 bytes/],
    ['is nested too deep', [file(`${'a/'.repeat(64)}b`)], /nested deeper than 64/],
    ['has a symbolic link', [file('link', { data: '/etc/passwd', mode: 0o120777 })], /link is a symbolic link/],
    ['has a device', [file('null', { mode: 0o020666 })], /not a regular file/],
    ['has a folder declared as a file', [{ name: 'a/', mode: 0o100644 }], /not a regular file/],
    ['has a folder with bytes', [file('a/')], /a folder with content/],
    ['has a name twice', [file('a'), file('a')], /a occurs twice/],
    ['has a folder twice', [{ name: 'a/' }, { name: 'a/' }, file('b')], /a occurs twice/],
    ['has a file below a file', [file('a'), file('a/b')], /a is both a file and a folder/],
    ['has a file in place of a folder', [file('a/b'), file('a')], /a is both a file and a folder/],
    ['is encrypted', [file('a', { flags: 1 })], /a is encrypted/],
    [
      'has many entries that unpack to much together',
      [0, 1, 2].map((index) => file(`a${index}`, { data: zeros.subarray(0, 5 * 1_048_576) })),
      /the archive unpacks to 15728640 bytes, more than 100 times its packed size/,
    ],
    ['uses an unknown compression method', [file('a', { method: 12 })], /compression method 12/],
    ['has no files', [{ name: 'a/' }], /no files/],
    ['is empty', [], /no files/],
    ['is a ZIP bomb', [file('bomb', { data: zeros })], /more than 100 times its packed size/],
    [
      'declares too large an unpacked size',
      [file('a', { declaredBytes: archiveLimits.unpackedBytesMax + 1 })],
      /unpacks to more than/,
    ],
    [
      'unpacks to more than it declares',
      [file('a', { data: 'xxxx', declaredBytes: 3 })],
      /not a readable ZIP: a: too many bytes/,
    ],
    [
      'unpacks to less than it declares',
      [file('a', { data: 'xx', declaredBytes: 3 })],
      /not a readable ZIP: a: not enough bytes/,
    ],
    ['has a wrong checksum', [file('a', { declaredCrc32: 1 })], /a is damaged/],
    [
      'has overlapping entries',
      [file('a', { data: 'x'.repeat(999), method: 0 }), file('b', { data: 'x'.repeat(999), method: 0, sharesBytesOf: 0 })],
      /overlap/,
    ],
  ])('that %s is refused when it is inspected and when it is unpacked', async (_what, entries, reason) => {
    const archive = aZip(entries);
    expect(await inspectArchive(archive)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
    expect(await unpackArchive(archive, folder)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
    expect((await readdir(root)).filter((name) => name !== 'code')).toEqual([]);
  });

  it('with too many entries is refused', async () => {
    const entries = Array.from({ length: archiveLimits.entriesMax + 1 }, (_, index) => ({ name: `f${index}`, method: 0 }));
    expect(await inspectArchive(aZip(entries))).toMatchObject({ reason: expect.stringContaining('more than 20000 entries') });
    expect((await inspectArchive(aZip(entries.slice(1)))).kind).toBe('sound');
  });

  it('with too many folders that have no entry is refused', async () => {
    const entries = Array.from({ length: 2_000 }, (_, index) => ({ name: `${`${index}/`.repeat(60)}f`, method: 0 }));
    expect(await inspectArchive(aZip(entries))).toMatchObject({ reason: expect.stringContaining('too many folders') });
  });

  it.each([
    ['not a ZIP', Buffer.from('exports.handler = 1;')],
    ['empty', Buffer.alloc(0)],
    ['truncated', zipOf({ 'index.js': 'x'.repeat(100) }).subarray(0, -30)],
    ['too large', Buffer.alloc(archiveLimits.archiveBytesMax + 1)],
  ])('that is %s is refused', async (_what, bytes) => {
    expect((await inspectArchive(bytes)).kind).toBe('refused');
  });

  it('may have any compression ratio up to 10 MB', async () => {
    const archive = aZip([file('zeros', { data: zeros.subarray(1) })]);
    expect(await unpackArchive(archive, folder)).toMatchObject({ kind: 'sound' });
    expect((await stat(join(folder, 'zeros'))).size).toBe(archiveLimits.ratioFromBytes);
  });

  it('is not unpacked over an existing file', async () => {
    await unpackArchive(zipOf({ 'index.js': 'one' }), folder);
    await expect(unpackArchive(zipOf({ 'index.js': 'two' }), folder)).rejects.toThrow('EEXIST');
    expect(await readFile(join(folder, 'index.js'), 'utf8')).toBe('one');
  });
});
