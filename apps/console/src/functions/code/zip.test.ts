/**
 * Goal: archives of other programs are read, and changed ones are read by other programs. Method:
 * yazl writes, yauzl reads. The ingress and the executor read with yauzl.
 */
import { buffer } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';
import { ZipFile } from 'yazl';
import { describe, expect, it } from 'vitest';
import { readZip, unpacked, withContents, ZipFault } from './zip.ts';

interface Content {
  readonly name: string;
  readonly text: string;
  readonly isStored?: boolean;
}

async function archiveOf(contents: readonly Content[], comment = ''): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addEmptyDirectory('lib/');
  for (const { name, text, isStored = false } of contents) zip.addBuffer(Buffer.from(text), name, { compress: !isStored });
  zip.end({ forceZip64Format: false, comment });
  return buffer(zip.outputStream);
}

/** All files of an archive, by yauzl, which checks the headers. */
async function filesOf(archive: Uint8Array): Promise<Record<string, string>> {
  const zip = await fromBufferPromise(Buffer.from(archive), { lazyEntries: true });
  const files: Record<string, string> = {};
  for await (const entry of zip.eachEntry())
    if (!entry.fileName.endsWith('/')) files[entry.fileName] = String(await buffer(await zip.openReadStreamPromise(entry)));
  return files;
}

const long = 'a line of code\n'.repeat(5_000);
const contents = [
  { name: 'index.js', text: 'exports.handler = async () => 1;' },
  { name: 'lib/größe.js', text: long },
  { name: 'stored.txt', text: 'as it is', isStored: true },
  { name: 'empty', text: '' },
];
const textOf = async (archive: Uint8Array, name: string, bytesMax = 1_000_000) => {
  const entry = readZip(archive).find((one) => one.name === name);
  return entry === undefined ? undefined : new TextDecoder().decode(await unpacked(archive, entry, bytesMax));
};

describe('an archive', () => {
  it.each(['', 'a comment with PK in it'])('shows its entries and their content, with the comment "%s"', async (comment) => {
    const archive = await archiveOf(contents, comment);
    expect(readZip(archive).map(({ name, bytes }) => [name, bytes])).toEqual([
      ['lib/', 0],
      ...contents.map(({ name, text }) => [name, Buffer.byteLength(text)]),
    ]);
    for (const { name, text } of contents) expect(await textOf(archive, name)).toBe(text);
  });

  it('unpacks no more than it is asked for', async () => {
    const archive = await archiveOf(contents);
    expect(await textOf(archive, 'lib/größe.js', 20)).toBe(long.slice(0, 20));
    expect(await textOf(archive, 'stored.txt', 2)).toBe('as');
  });

  it('is read at a place within other bytes', async () => {
    const archive = await archiveOf(contents);
    const within = new Uint8Array(archive.length + 9);
    within.set(archive, 5);
    expect(await textOf(within.subarray(5, 5 + archive.length), 'index.js')).toBe(contents[0]?.text);
  });

  it('takes other content, and keeps the rest byte for byte', async () => {
    const archive = await archiveOf(contents);
    const other = new Map([['index.js', new TextEncoder().encode('exports.handler = async () => "größer";')]]);
    const changed = withContents(archive, other);
    const before = await filesOf(archive);
    expect(await filesOf(changed)).toEqual({ ...before, 'index.js': 'exports.handler = async () => "größer";' });
    expect(await filesOf(withContents(changed, new Map()))).toEqual(await filesOf(changed));
  });
});

describe('bytes that are no sound archive', () => {
  it.each([
    ['nothing', ''],
    ['text', 'no archive '.repeat(20)],
  ])('are refused: %s', (_kind, text) => {
    expect(() => readZip(Buffer.from(text))).toThrow(ZipFault);
  });

  it('are refused when they are cut or damaged anywhere', async () => {
    const archive = await archiveOf(contents);
    const allOf = async (bytes: Uint8Array) => {
      for (const entry of readZip(bytes)) await unpacked(bytes, entry, 1_000);
    };
    for (let at = 0; at < archive.length; at += 7) {
      const damaged = Uint8Array.from(archive);
      damaged.fill(0xff, at, at + 4);
      for (const bytes of [damaged, archive.subarray(0, at), archive.subarray(at)])
        await allOf(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(ZipFault));
    }
  });
});
