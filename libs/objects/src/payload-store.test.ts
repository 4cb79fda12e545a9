import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { epochMs } from '#contracts';
import { systemClock } from '#platform';
import { FolderObjectStore } from './folder-object-store.ts';
import { isPayloadReference, PayloadStore } from './payload-store.ts';

const owner = 'urn:fss:local:p1:function:default:hello';
const event = Buffer.from('{"name":"world"}\n{"second":"line"}');
let folder: string;
let store: PayloadStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sendoff-payloads-'));
  store = new PayloadStore(new FolderObjectStore(folder, systemClock), { now: () => epochMs(1_000), elapsedMs: () => 0 });
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

it('returns the bytes of a payload, and when it was stored', async () => {
  const { reference, sha256 } = await store.put(owner, event);
  expect(isPayloadReference(reference)).toBe(true);
  expect(sha256).toBe(createHash('sha256').update(event).digest('hex'));
  expect(await store.get(owner, reference)).toEqual({ bytes: event, storedAt: 1_000 });
});

it('gives equal payloads two references, so that nobody can guess one', async () => {
  expect((await store.put(owner, event)).reference).not.toBe((await store.put(owner, event)).reference);
});

it('tells when a payload was stored without reading it, to its function only', async () => {
  const { reference } = await store.put(owner, event);
  expect(await store.storedAt(owner, reference)).toBe(1_000);
  expect(await store.storedAt(`${owner}2`, reference)).toBeUndefined();
  await writeFile(join(folder, reference.slice(0, 2), reference), 'no line\nof a payload');
  expect(await store.storedAt(owner, reference)).toBeUndefined();
  await rm(join(folder, reference.slice(0, 2), reference));
  expect(await store.storedAt(owner, reference)).toBeUndefined();
});

it.each(['urn:fss:local:p2:function:default:hello', `${owner}2`])('returns nothing to %s', async (other) => {
  const { reference } = await store.put(owner, event);
  expect(await store.get(other, reference)).toBeUndefined();
});

it.each(['', '0'.repeat(128), '../../etc/passwd'])('returns nothing for the reference "%s"', async (reference) => {
  expect(await store.get(owner, reference)).toBeUndefined();
});

it('sweeps what was stored before an instant, and counts the rest', async () => {
  const { reference } = await store.put(owner, event);
  expect((await store.sweep(epochMs(0))).keptBytes).toBeGreaterThan(event.length);
  expect(await store.get(owner, reference)).toBeDefined();
  expect(await store.sweep(epochMs(Date.now() + 60_000))).toMatchObject({ keptBytes: 0, left: 0 });
  expect(await store.get(owner, reference)).toBeUndefined();
  expect((await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())).toEqual([]);
});
