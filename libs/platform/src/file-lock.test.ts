/**
 * Goal: one process at a time holds a lock, wherever it runs, and a killed one stands in nobody's
 * way. Method: another process locks the file, in this PID namespace or in one of its own.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFile } from './file-lock.ts';

const ownNamespace = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const hasNamespaces = spawnSync('unshare', [...ownNamespace.slice(1), 'true']).status === 0;

const locker = `
  import { lockFile } from ${JSON.stringify(new URL('file-lock.ts', import.meta.url))};
  const unlock = await lockFile(process.argv[1]);
  console.log(unlock === undefined ? 'refused' : 'locked');
  if (unlock !== undefined) setInterval(unlock, 1e6);`;

let folder: string;
let file: string;
let others: ChildProcess[];
beforeEach(async () => {
  others = [];
  folder = await mkdtemp(join(tmpdir(), 'sendoff-lock-'));
  file = join(folder, 'a.lock');
});
afterEach(async () => {
  for (const other of others) other.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** Locks the file in another process. @returns what that says: `locked` or `refused`. */
async function lockElsewhere(prefix: readonly string[] = []): Promise<string> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', locker, file];
  const [command = '', ...args] = [...prefix, ...node];
  const other = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  others.push(other);
  const [said] = (await once(other.stdout, 'data')) as [Buffer];
  return String(said).trim();
}

it('a lock that was asked for in vain stays with its holder', async () => {
  const unlock = await lockFile(file);
  expect(await lockFile(file)).toBeUndefined();
  expect(await lockElsewhere()).toBe('refused');
  unlock?.();
  expect(await lockElsewhere()).toBe('locked');
});

it('the lock of a killed process is free at once', async () => {
  expect(await lockElsewhere()).toBe('locked');
  expect(await lockFile(file)).toBeUndefined();
  others[0]?.kill('SIGKILL');
  await once(others[0] ?? process, 'exit');
  expect(await lockFile(file)).toBeDefined();
});

describe.skipIf(!hasNamespaces)('a process of another PID namespace', () => {
  it('is refused a lock of this process', async () => {
    const unlock = await lockFile(file);
    expect(await lockElsewhere(ownNamespace)).toBe('refused');
    unlock?.();
  });

  it('keeps its lock from this process', async () => {
    expect(await lockElsewhere(ownNamespace)).toBe('locked');
    expect(await lockFile(file)).toBeUndefined();
  });
});
