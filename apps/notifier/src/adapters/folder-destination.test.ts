import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, type Target } from '#contracts';
import { createLogger } from '#platform';
import { aSettlement, builtAt, eventually, ManualClock } from '#testing';
import { destinationConformance } from '../destination.conformance.ts';
import { notificationOf } from '../notification-of.ts';
import { FolderDestination } from './folder-destination.ts';

const notification = notificationOf({ kind: 'settled', settlement: aSettlement() }, 'rfc3339');
const never = new AbortController().signal;
const logger = createLogger({ service: 'test', level: 'silent', isPretty: false });
const target = (given: object = {}) =>
  ({ type: 'OBS', bucket: 'results', prefix: '/a/b/', expiresDays: 0, ...given }) as Extract<Target, { type: 'OBS' }>;

async function filesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

destinationConformance('a folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'sendoff-folder-'));
  return {
    destination: new FolderDestination(root, new ManualClock(), logger),
    target: target(),
    refusing: target({ bucket: '..', prefix: '../..' }),
    keepsCopies: false,
    received: async () => Promise.all((await filesIn(root)).map(async (file) => readFile(file, 'utf8'))),
    failures: {
      'its root is a file': async () => {
        await rm(root, { recursive: true });
        await writeFile(root, '');
      },
    },
    secrets: [],
    close: async () => rm(root, { recursive: true }),
  };
});

describe('an object in a folder', () => {
  let root: string;
  let clock: ManualClock;
  let folder: FolderDestination;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sendoff-folder-'));
    clock = new ManualClock(builtAt);
    folder = new FolderDestination(root, clock, logger);
  });
  afterEach(async () => {
    folder.close();
    await rm(root, { recursive: true });
  });

  const dayMs = 86_400_000;
  const objects = async () =>
    (await filesIn(root)).filter((file) => !file.includes('.expires')).map((file) => file.slice(root.length + 1));

  it('lies below bucket, prefix and day, named for its request', async () => {
    await folder.deliver(notification, target(), never);
    expect(await objects()).toEqual(['results/a/b/2027/01/15/1167bf8c-87b0-43ab-8f5f-26b16c64f252.json']);
  });

  it('is there through its last day and gone after it', async () => {
    await folder.deliver(notification, target({ expiresDays: 2 }), never);
    await clock.advance(2 * dayMs);
    await folder.sweep();
    expect((await objects()).length).toBe(1);
    await clock.advance(dayMs);
    await folder.sweep();
    expect(await filesIn(root)).toEqual([]);
  });

  it('is removed by a sweep every 10 minutes, until the destination is closed', async () => {
    folder.start();
    await folder.deliver(notification, target({ expiresDays: 1 }), never);
    clock.sleep(2 * dayMs);
    await eventually(async () => {
      await clock.advance(600_000);
      return (await filesIn(root)).length === 0;
    });
    await eventually(() => clock.pending === 1);
    folder.close();
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['forward', 30],
    ['back', -30],
  ])('outlives a clock that was set %s and is right again', async (_where, days) => {
    await folder.deliver(notification, target({ bucket: 'before', expiresDays: 2 }), never);
    clock.step(days * dayMs);
    await folder.deliver(notification, target({ bucket: 'meanwhile', expiresDays: 2 }), never);
    await folder.sweep();
    clock.step(-days * dayMs);
    await clock.advance(dayMs);
    await folder.sweep();
    const buckets = (await objects()).map((name) => name.split('/')[0]);
    expect([buckets.length, new Set(buckets)]).toEqual([2, new Set(['before', 'meanwhile'])]);
  });

  it('that cannot be removed holds up no other, and is logged once per sweep', async () => {
    const warnings: unknown[] = [];
    const logging = new FolderDestination(root, clock, { warn: (facts: unknown) => void warnings.push(facts) });
    for (const prefix of ['a', 'b', 'c']) await logging.deliver(notification, target({ prefix, expiresDays: 1 }), never);
    for (const bucket of ['f', 'g']) await logging.deliver(notification, target({ bucket, expiresDays: 2 }), never);
    const [first = '', , , other = ''] = (await objects()).toSorted();
    for (const kept of [first, other]) {
      await rm(join(root, kept));
      await mkdir(join(root, kept, 'of an operator'), { recursive: true });
    }
    await writeFile(join(root, '.expires', '1'), 'no folder');
    await clock.advance(3 * dayMs);
    await logging.sweep();
    expect(await objects()).toEqual([]);
    expect(warnings).toEqual([expect.objectContaining({ left: 3 })]);
    for (const kept of [first, other]) await rm(join(root, kept), { recursive: true });
    await rm(join(root, '.expires', '1'));
    await logging.sweep();
    logging.close();
    expect(await filesIn(root)).toEqual([]);
  });

  it('is refused at once where a part of its prefix is longer than names of files are', async () => {
    expect(await folder.deliver(notification, target({ prefix: 'x'.repeat(256) }), never)).toMatchObject({ kind: 'refused' });
    expect(await objects()).toEqual([]);
  });

  it('lies below a prefix as long as policies may have it', async () => {
    const prefix = `${`${'é'.repeat(127)}x/`.repeat(3)}${'y'.repeat(192)}`;
    expect(await folder.deliver(notification, target({ prefix, expiresDays: 1 }), never)).toMatchObject({ kind: 'delivered' });
  });

  it('stays for ever where it does not expire', async () => {
    await folder.deliver(notification, target(), never);
    await clock.advance(1_000 * dayMs);
    await folder.sweep();
    expect((await objects()).length).toBe(1);
  });

  it('leaves nothing behind where the disk is full', async ({ skip, onTestFinished }) => {
    const full = await mkdtemp(join(tmpdir(), 'sendoff-full-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', full], { encoding: 'utf8' });
    onTestFinished(async () => {
      if (mounted.status === 0) spawnSync('umount', [full]);
      await rm(full, { recursive: true });
    });
    skip(mounted.status !== 0, `no small disk can be mounted: ${mounted.error?.message ?? mounted.stderr}`);
    const large = { ...notification, texts: { default: 'x'.repeat(100_000) } };
    const onFull = new FolderDestination(full, clock, logger);
    expect(await onFull.deliver(large, target(), never)).toMatchObject({
      kind: 'deferred',
      reason: expect.stringMatching(/^ENOSPC/),
    });
    expect(await filesIn(full)).toEqual([]);
  });

  it('leaves a draft if its writer is killed, which is swept an hour later', async () => {
    const draft = join(root, '.drafts', 'left');
    await mkdir(join(root, '.drafts'));
    await writeFile(draft, 'half');
    const writtenAt = (await stat(draft)).mtimeMs;
    const sweptAfter = async (ms: number) => {
      const later = new FolderDestination(root, new ManualClock(epochMs(Math.floor(writtenAt + ms))), logger);
      await later.sweep();
      later.close();
      return filesIn(root);
    };
    expect(await sweptAfter(3_599_000)).toEqual([draft]);
    expect(await sweptAfter(3_601_000)).toEqual([]);
  });
});
