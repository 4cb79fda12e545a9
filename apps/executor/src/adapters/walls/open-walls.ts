/** Chooses the walls around functions: tries them with a real process when the executor starts. */
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '#contracts';
import type { Isolation, Random } from '#platform';
import { CodeOwners } from './code-owners.ts';
import { type Egress, unfiltered } from './egress.ts';
import { KernelWalls, writeEtc } from './kernel-walls.ts';
import { probe } from './probe.ts';
import { ProcessWalls } from './process-walls.ts';
import { type ProgramFiles, stageProgramFiles } from './program-files.ts';
import { isFiltered, seccompFilter } from './seccomp.ts';
import { toolPath } from './tools.ts';
import { UserRange } from './user-range.ts';
import type { Walls } from './walls.ts';

/** The wanted level and its parts. */
export interface WallsOptions {
  /** `auto` takes the strongest level that works here. */
  readonly isolation: Isolation;
  /** A folder of the executor's own. Its parents let other users pass if the executor is root. */
  readonly folder: string;
  /** Files of the launchers, relative to the folder `adapters`. */
  readonly programFiles: readonly string[];
  readonly tmpBytesMax: number;
  /** Files in the temporary folder of an instance. The kernel spends about 1 kB on each. */
  readonly tmpFilesMax: number;
  /** Users of functions, if the executor is root. */
  readonly usersFirst: number;
  readonly usersCount: number;
  readonly random: Random;
  /** The network of functions behind walls of the kernel. Default: that of the executor. */
  readonly egress?: Egress;
}

/** Walls that work here. */
export interface OpenedWalls {
  readonly walls: Walls;
  /** Why the kernel's walls are not used although they were wanted. */
  readonly missing?: string;
}

type Opened = { readonly kind: 'works'; readonly walls: Walls } | { readonly kind: 'fails'; readonly reason: string };

/**
 * Opens walls of the chosen level.
 * @throws PlatformError `CONFIG_INVALID` if the level does not work here. It says what is missing.
 */
export async function openWalls(options: WallsOptions): Promise<OpenedWalls> {
  const { isolation, folder } = options;
  const isRoot = process.getuid?.() === 0;
  await mkdir(folder, { recursive: true });
  if (isRoot) await chmod(folder, 0o711);
  const programs = await stageProgramFiles(folder, options.programFiles, isRoot && isolation !== 'none');
  const users =
    isRoot && isolation !== 'none' ? new UserRange(options.usersFirst, options.usersCount, options.random()) : undefined;
  const parts = { ...options, programs, owners: new CodeOwners(users) };
  if (isolation === 'none') return { walls: processWalls('none', parts) };
  let missing: string | undefined;
  if (isolation !== 'process') {
    const kernel = await kernelWalls(parts);
    if (kernel.kind === 'works') return { walls: kernel.walls };
    if (isolation === 'kernel') throw invalid(`FUNCTION_ISOLATION=kernel is not possible here: ${kernel.reason}`);
    missing = kernel.reason;
  }
  const walls = processWalls('process', parts);
  const answer = await tried(walls, folder, ['NoNewPrivs: 1']);
  if (answer.kind === 'fails') throw invalid(`function processes cannot be started: ${answer.reason}`);
  return { walls, ...(missing === undefined ? {} : { missing }) };
}

interface Parts extends WallsOptions {
  readonly programs: ProgramFiles;
  readonly owners: CodeOwners;
}

function processWalls(level: 'process' | 'none', parts: Parts): Walls {
  return new ProcessWalls({ ...parts, level, tmpRoot: join(parts.folder, 'tmp') });
}

async function kernelWalls(parts: Parts): Promise<Opened> {
  const bubblewrap = toolPath('bwrap');
  if (bubblewrap === undefined)
    return { kind: 'fails', reason: 'bubblewrap is not installed (Debian, Ubuntu: apt-get install bubblewrap)' };
  for (const tool of ['setpriv', 'prlimit'])
    if (toolPath(tool) === undefined) return { kind: 'fails', reason: `${tool} is not installed (package util-linux)` };
  const { arch } = process;
  if (!isFiltered(arch)) return { kind: 'fails', reason: `no seccomp filter exists for machines of type ${arch}` };
  const filterFile = join(parts.folder, 'seccomp.bpf');
  await writeFile(filterFile, seccompFilter(arch), { mode: 0o600 });
  const etcDir = join(parts.folder, 'etc');
  const { egress = unfiltered() } = parts;
  await writeEtc(etcDir, egress.resolvConf);
  const walls = new KernelWalls({ ...parts, bubblewrap, filterFile, etcDir, egress });
  const wanted = ['NoNewPrivs: 1', 'Seccomp: 2', 'CapEff: 0000000000000000', 'CapBnd: 0000000000000000'];
  const answer = await tried(walls, parts.folder, wanted);
  return answer.kind === 'works' ? { kind: 'works', walls } : { kind: 'fails', reason: explained(answer.reason) };
}

/** Runs a real process behind the walls. */
async function tried(walls: Walls, folder: string, wanted: readonly string[]) {
  const codeDir = join(folder, `probe-${walls.level}`);
  await mkdir(codeDir, { recursive: true });
  try {
    await walls.openCode(codeDir);
    const cell = await walls.cellFor(codeDir);
    try {
      return await probe(cell, wanted);
    } finally {
      cell.release();
      walls.closeCode(codeDir);
    }
  } catch (error) {
    return { kind: 'fails', reason: (error as Error).message } as const;
  }
}

/** Adds what to do about a message of bubblewrap or of the kernel. */
function explained(reason: string): string {
  const remedy = remedies.find(([pattern]) => pattern.test(reason))?.[1]();
  return remedy === undefined ? reason : `${reason}: ${remedy}`;
}

const remedies: readonly (readonly [pattern: RegExp, remedy: () => string])[] = [
  [
    /no permissions to create(?: a)? new namespace|setting up uid map|Creating new namespace failed|clone|unshare/i,
    () => {
      if (textOf('/proc/sys/kernel/apparmor_restrict_unprivileged_userns').trim() === '1')
        return 'AppArmor forbids user namespaces (allow /usr/bin/bwrap in a profile, or sysctl kernel.apparmor_restrict_unprivileged_userns=0)';
      if (textOf('/proc/sys/kernel/unprivileged_userns_clone').trim() === '0')
        return 'the kernel forbids user namespaces (sysctl kernel.unprivileged_userns_clone=1)';
      if (textOf('/proc/sys/user/max_user_namespaces').trim() === '0')
        return 'the kernel forbids user namespaces (sysctl user.max_user_namespaces=10000)';
      return isInContainer()
        ? 'the container forbids user namespaces (docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined)'
        : 'this machine forbids user namespaces';
    },
  ],
  [/mount proc|\/proc/i, () => 'the container hides parts of /proc (docker run --security-opt systempaths=unconfined)'],
  [/setpriv|setresuid|setgroups|bounding/i, () => 'root lacks the capabilities SETUID, SETGID and SETPCAP here'],
];

function isInContainer(): boolean {
  return existsSync('/.dockerenv') || existsSync('/run/.containerenv');
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function invalid(reason: string): PlatformError {
  return new PlatformError('CONFIG_INVALID', { details: { reason } });
}
