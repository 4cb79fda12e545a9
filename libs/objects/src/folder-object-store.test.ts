import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { systemClock } from '#platform';
import { FolderObjectStore } from './folder-object-store.ts';
import { objectStoreConformance } from './object-store.conformance.ts';

async function open() {
  const root = await mkdtemp(join(tmpdir(), 'sendoff-objects-'));
  const folder = join(root, 'code');
  // A name longer than the file system allows fails for every user, root included.
  const impossible = join(root, 'x'.repeat(300));
  return {
    store: new FolderObjectStore(folder, systemClock),
    unreachable: new FolderObjectStore(impossible, systemClock),
    damage: async (digest: string) => writeFile(join(folder, digest.slice(0, 2), digest), 'other'),
    folder,
    close: async () => rm(root, { recursive: true, force: true }),
  };
}

objectStoreConformance('A folder', open);

it('A folder store leaves no temporary files', async () => {
  const { store, folder, close } = await open();
  const digest = await store.put(Buffer.from('a'));
  await store.put(Buffer.from('a'));
  expect(await readdir(join(folder, digest.slice(0, 2)))).toEqual([digest]);
  await close();
});

it('an object shows when it was stored by the clock of the service, not by that of the machine', async () => {
  const root = await mkdtemp(join(tmpdir(), 'sendoff-objects-'));
  try {
    const storedAt = epochMs(1_800_000_000_000);
    const store = new FolderObjectStore(root, { now: () => storedAt });
    const digest = await store.put(Buffer.from('x'));
    const found = [];
    for await (const one of store.list()) found.push(one);
    expect(found).toEqual([{ digest, storedAt, bytes: 1 }]);
  } finally {
    await rm(root, { recursive: true });
  }
});
