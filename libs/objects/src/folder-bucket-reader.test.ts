/**
 * Goal: the folder of objects is read as buckets, and no request leads out of one. Method: the
 * conformance suite, and files and links around a bucket that a key or prefix may try to reach.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bucketReaderConformance } from './bucket-reader.conformance.ts';
import { FolderBucketReader } from './folder-bucket-reader.ts';

const patient = new AbortController().signal;
let base: string;
let root: string;

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(base, path)), { recursive: true });
  await writeFile(join(base, path), text);
}

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'sendoff-buckets-'));
  root = join(base, 'objects');
});
afterEach(async () => rm(base, { recursive: true, force: true }));

bucketReaderConformance('A folder', async () => {
  return {
    reader: new FolderBucketReader(root),
    put: async (key, text) => write(`objects/results/${key}`, text),
    // A name longer than the file system allows fails for every user, root included.
    unreachable: new FolderBucketReader(`${root}\0`),
    close: async () => undefined,
  };
});

describe('A folder of buckets', () => {
  const keysOf = async (bucket: string, prefix = '') => {
    const answer = await new FolderBucketReader(root).list({ bucket, prefix, limit: 100 }, patient);
    return answer.kind === 'page' ? answer.objects.map(({ key }) => key) : answer.kind;
  };
  const read = async (bucket: string, key: string) =>
    new FolderBucketReader(root).read(bucket, key, 1_000).then(({ kind }) => kind);

  beforeEach(async () => {
    await write('secret', 'of the installation');
    await write('objects/other/x', 'of another bucket');
    await write('objects/.expires/20000/results/a', '');
    await write('objects/results/a/b', 'shown');
  });

  it.each(['../other/x', '../../secret', 'a/../../other/x', './a/b', 'a//b', '/a/b', 'a/b/', 'a/./b', '..', '', 'a\0', 'a/b\0'])(
    'reads nothing under the key %j',
    async (key) => {
      expect(await read('results', key)).toBe('no-object');
    },
  );

  it.each(['.expires', '..', '.', '', 'results/a', '../objects/results'])('has no bucket %j', async (bucket) => {
    expect(await keysOf(bucket)).toEqual([]);
    for (const key of ['b', 'x', '20000/results/a', 'other/x']) expect(await read(bucket, key)).toBe('no-object');
  });

  it('follows no symbolic link: of a file, of a folder, or of a bucket', async () => {
    await symlink(join(base, 'secret'), join(root, 'results', 'file'));
    await symlink(join(root, 'other'), join(root, 'results', 'folder'));
    await symlink(join(root, 'results', 'a'), join(root, 'results', 'inside'));
    await symlink(join(root, 'other'), join(root, 'linked'));
    expect(await keysOf('results')).toEqual(['a/b']);
    for (const prefix of ['folder/', 'inside/']) expect(await keysOf('results', prefix)).toEqual([]);
    for (const key of ['file', 'folder/x', 'inside/b']) expect(await read('results', key)).toBe('no-object');
    expect(await keysOf('linked')).toEqual([]);
    expect(await read('linked', 'x')).toBe('no-object');
  });

  it('is read through links that lead to the folder itself', async () => {
    await symlink(root, join(base, 'link'));
    const reader = new FolderBucketReader(join(base, 'link'));
    expect(await reader.read('results', 'a/b', 3)).toEqual({ kind: 'object', bytes: Buffer.from('sho'), size: 5 });
  });

  it('passes over folders that are empty', async () => {
    for (let number = 0; number < 30; number += 1) await mkdir(join(root, `results/z${number}`));
    const answer = await new FolderBucketReader(root).list({ bucket: 'results', prefix: '', limit: 1 }, patient);
    expect(answer).toMatchObject({ kind: 'page', objects: [{ key: 'a/b' }] });
  });
});
