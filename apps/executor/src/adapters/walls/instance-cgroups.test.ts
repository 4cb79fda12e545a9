import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '#testing';
import { type CgroupKernel, InstanceCgroups } from './instance-cgroups.ts';
import { startEnclosed } from './start-enclosed.ts';
import type { Cell, Walls } from './walls.ts';

const run = promisify(execFile);
const megabyte = 1_048_576;
const needs = { firstFd: 3, memoryBytesMax: 192 * megabyte, cpuMillicores: 300 };
const cell: Cell = {
  executable: process.execPath,
  programDir: '/',
  codeDir: '/',
  tmpDir: '/tmp',
  canFork: true,
  tmpLimits: { bytesMax: 512 * megabyte, filesMax: 10 },
  enclose: (command) => ({ command, files: [] }),
  release: () => undefined,
};
const walls: Walls = { level: 'process', cellFor: async () => cell, openCode: async () => undefined, closeCode: () => undefined };
const owner = 'executor-7';

describe('a folder with the files of a cgroup', () => {
  let folder: string;
  let removals: string[];
  const kernel: CgroupKernel = {
    fileSystemOf: async () => 0x63_67_72_70,
    remove: async (path) => {
      const killer = join(path, 'cgroup.kill');
      removals.push(existsSync(killer) ? readFileSync(killer, 'utf8') : '');
      if (removals.length % 2 === 1) throw Object.assign(new Error('busy'), { code: 'EBUSY' });
      await rm(path, { recursive: true });
    },
  };
  const open = async (changes: Partial<Parameters<typeof InstanceCgroups.open>[0]> = {}) =>
    InstanceCgroups.open({ folder, owner, ended: ['executor-6'], kernel, ...changes });
  const text = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');

  beforeEach(async () => {
    removals = [];
    folder = await mkdtemp(join(tmpdir(), 'sendoff-cgroup-'));
    await writeFile(join(folder, 'cgroup.controllers'), 'cpuset cpu io memory pids\n');
    await writeFile(join(folder, 'cgroup.subtree_control'), 'memory\n');
  });
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  it('gets the controllers that it lacks', async () => {
    await open();
    expect(text('cgroup.subtree_control')).toBe('+pids +cpu');
  });

  it('is refused with the reason if it cannot be used', async () => {
    const refused = async (reason: string, changes: Parameters<typeof open>[0] = {}) =>
      expect(open(changes)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(reason) });
    await refused('not absolute', { folder: 'sys/fs/cgroup' });
    await refused('no folder of cgroup version 2', { kernel: { ...kernel, fileSystemOf: async () => 0x01_02_19_94 } });
    await refused('ENOENT', { folder: join(folder, 'missing') });
    await rm(join(folder, 'cgroup.subtree_control'));
    await symlink('/proc/version', join(folder, 'cgroup.subtree_control'));
    await refused('cgroup.subtree_control lacks memory, pids, cpu: E');
    await writeFile(join(folder, 'cgroup.controllers'), 'memory cpuset\n');
    await refused('cgroup.controllers lacks pids, cpu');
  });

  it('bounds memory with room for temporary files, CPU and threads before the command runs', async () => {
    const { enclose } = await (await open()).around(walls).cellFor('/');
    const name = (await readdir(folder)).find((entry) => entry.startsWith('sendoff-executor-7-')) ?? '';
    await writeFile(join(folder, name, 'memory.swap.max'), 'max');
    const [file, ...args] = enclose([process.execPath, '-p', 'process.pid'], needs).command;
    const files = ['memory.max', 'memory.oom.group', 'memory.swap.max', 'pids.max', 'cpu.max'];
    expect(files.map((entry) => text(name, entry))).toEqual([String(704 * megabyte), '1', '0', '128', '30000 100000']);
    const { stdout } = await run(file, args);
    expect(text(name, 'cgroup.procs')).toBe(stdout);
  });

  it('writes no limit of swap where the kernel has none', async () => {
    const { enclose } = await (await open()).around(walls).cellFor('/');
    enclose(['true'], needs);
    const name = (await readdir(folder)).find((entry) => entry.startsWith('sendoff-executor-7-')) ?? '';
    expect(await readdir(join(folder, name))).not.toContain('memory.swap.max');
  });

  it('tells whether the kernel ended a process for its memory', async () => {
    const { hasRunOutOfMemory } = await (await open()).around(walls).cellFor('/');
    const name = (await readdir(folder)).find((entry) => entry.startsWith('sendoff-executor-7-')) ?? '';
    expect(hasRunOutOfMemory?.()).toBe(false);
    await writeFile(join(folder, name, 'memory.events'), 'low 0\noom 1\noom_kill 0\noom_group_kill 0\n');
    expect(hasRunOutOfMemory?.()).toBe(false);
    await writeFile(join(folder, name, 'memory.events'), 'low 0\noom 1\noom_kill 2\noom_group_kill 1\n');
    expect(hasRunOutOfMemory?.()).toBe(true);
  });

  it('loses the cgroup of an instance that has ended, also if its last process takes time to end', async () => {
    const { release } = await (await open()).around(walls).cellFor('/');
    const name = (await readdir(folder)).find((entry) => entry.startsWith('sendoff-executor-7-')) ?? '';
    await writeFile(join(folder, name, 'cgroup.kill'), '');
    removals = [];
    release();
    await eventually(() => expect(existsSync(join(folder, name))).toBe(false));
    expect(removals).toEqual(['1', '1']);
  });

  it('loses what ended executors left, and nothing else', async () => {
    for (const name of ['sendoff-executor-6-1', 'sendoff-executor-6-2', 'sendoff-executor-8-1', 'other'])
      await mkdir(join(folder, name));
    const cgroups = await open();
    expect((await readdir(folder)).toSorted()).toEqual([
      'cgroup.controllers',
      'cgroup.subtree_control',
      'other',
      'sendoff-executor-8-1',
    ]);
    await cgroups.around(walls).cellFor('/');
    await cgroups.close();
    expect(await readdir(folder)).toHaveLength(4);
  });
});

// A child of the root needs SENDOFF_TEST_CGROUP; only root may use the root itself.
const delegated = process.env['SENDOFF_TEST_CGROUP'] ?? '/sys/fs/cgroup';
const opened = await InstanceCgroups.open({ folder: delegated, owner: randomUUID(), ended: [] }).then(
  (cgroups) => ({ cgroups, missing: undefined }),
  (error: Error) => ({ cgroups: undefined, missing: error.message }),
);

describe.skipIf(opened.missing !== undefined)(
  `a delegated cgroup${opened.missing === undefined ? '' : `: ${opened.missing}`}`,
  () => {
    it('ends a process over its memory, and tells so', async () => {
      const { tmpLimits: _unlimited, ...plain } = cell;
      const place = (await opened.cgroups?.around({ ...walls, cellFor: async () => plain }).cellFor('/')) ?? plain;
      const program = 'const held = []; for (;;) held.push(Buffer.alloc(1048576, 1));';
      try {
        const share = { memoryBytesMax: 64 * megabyte, cpuMillicores: 1_000 };
        const child = startEnclosed(place, [process.execPath, '-e', program], {}, ['ignore'], share);
        const signal = await new Promise((resolve) => child.once('exit', (_code, how) => resolve(how)));
        expect([signal, place.hasRunOutOfMemory?.()]).toEqual(['SIGKILL', true]);
      } finally {
        place.release();
        await opened.cgroups?.close();
      }
    });
  },
);
