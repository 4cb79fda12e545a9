/**
 * The strongest walls: bubblewrap starts each instance in namespaces of its own, with a file system
 * of its own and a seccomp filter.
 *
 * K1. The instance sees its code, the program of the language, five devices, its own /proc, and
 *     /tmp. All but /tmp is read-only. /tmp lies in memory, and the kernel bounds it.
 * K2. Outside, the instance has a user of its own if the executor runs as root. Inside it is
 *     nobody.
 * K3. It has no capabilities, cannot gain any, and cannot make namespaces.
 * K4. It has the network that `egress` gives it, and no other.
 * K5. It ends with the executor, and all of its processes end with the first.
 */
import { existsSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeOwners, InstanceUser } from './code-owners.ts';
import type { Egress, InstanceNetwork } from './egress.ts';
import { limitsPrefix, privilegesPrefix } from './limits.ts';
import type { ProgramFiles } from './program-files.ts';
import { type Cell, type CellPaths, type CommandNeeds, type EnclosedCommand, threadsMax, type Walls } from './walls.ts';

/** Parts of {@link KernelWalls}. */
export interface KernelWallsParts {
  /** The path of bubblewrap. */
  readonly bubblewrap: string;
  readonly programs: ProgramFiles;
  /** The file that holds the seccomp filter. */
  readonly filterFile: string;
  /** The folder that becomes /etc. */
  readonly etcDir: string;
  readonly owners: CodeOwners;
  readonly tmpBytesMax: number;
  readonly egress: Egress;
  readonly tmpFilesMax: number;
}

/** Paths as each instance sees them. */
const inside: CellPaths = {
  executable: '/opt/sendoff/bin/node',
  programDir: '/opt/sendoff/program',
  codeDir: '/opt/function/code',
  tmpDir: '/tmp',
};
const nobody = '65534';
const devices = ['null', 'zero', 'full', 'random', 'urandom'];
/** Files of /proc that tell about the host, and that programs do not need. */
const hiddenFiles = [
  'kcore',
  'keys',
  'key-users',
  'timer_list',
  'sched_debug',
  'latency_stats',
  'kallsyms',
  'interrupts',
  'modules',
];
const hiddenFolders = ['acpi', 'asound', 'scsi', 'driver', 'fs'];

/** Walls of the kernel. */
export class KernelWalls implements Walls {
  readonly level = 'kernel';

  constructor(private readonly parts: KernelWallsParts) {}

  async cellFor(codeDir: string): Promise<Cell> {
    const { owners, tmpBytesMax, egress } = this.parts;
    const user = owners.takeUser(codeDir);
    const network = await egress.attach().catch((error: unknown) => {
      owners.giveBack(user);
      throw error;
    });
    return {
      ...inside,
      canFork: false,
      tmpLimits: { bytesMax: tmpBytesMax, filesMax: this.parts.tmpFilesMax },
      enclose: (command, needs) => this.enclose(command, codeDir, user, network, needs),
      release: () => {
        network.release();
        owners.giveBack(user);
      },
    };
  }

  async openCode(codeDir: string): Promise<void> {
    return this.parts.owners.openCode(codeDir);
  }

  closeCode(codeDir: string): void {
    this.parts.owners.closeCode(codeDir);
  }

  private enclose(
    command: readonly [string, ...string[]],
    codeDir: string,
    user: InstanceUser | undefined,
    network: InstanceNetwork,
    { firstFd, memoryBytesMax }: CommandNeeds,
  ): EnclosedCommand {
    const { bubblewrap, tmpBytesMax } = this.parts;
    // Without a user of its own, an instance would count the threads of all others too.
    const limits = { fileBytesMax: tmpBytesMax, memoryBytesMax, ...(user === undefined ? {} : { threadsMax }) };
    const line = [
      ...network.enter,
      ...privilegesPrefix(user),
      ...limitsPrefix(limits),
      bubblewrap,
      ...this.namespaces(),
      ...network.bubblewrapOptions,
      ...this.files(codeDir),
      '--seccomp',
      String(firstFd),
      '--chdir',
      inside.tmpDir,
      '--',
      ...command,
    ] as unknown as [string, ...string[]];
    return { command: line, files: [openSync(this.parts.filterFile, 'r')] };
  }

  private namespaces(): readonly string[] {
    return [
      ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
      ...['--disable-userns', '--uid', nobody, '--gid', nobody, '--hostname', 'function'],
      ...['--cap-drop', 'ALL', '--die-with-parent', '--new-session'],
    ];
  }

  private files(codeDir: string): readonly string[] {
    const { programs, etcDir, tmpBytesMax } = this.parts;
    const readOnly = (from: string, to = from) => ['--ro-bind', from, to];
    return [
      ...['--proc', '/proc'],
      ...hiddenFiles.filter((name) => existsSync(`/proc/${name}`)).flatMap((name) => readOnly('/dev/null', `/proc/${name}`)),
      ...hiddenFolders
        .filter((name) => existsSync(`/proc/${name}`))
        .flatMap((name) => ['--tmpfs', `/proc/${name}`, '--remount-ro', `/proc/${name}`]),
      ...devices.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
      ...['--symlink', '/proc/self/fd', '/dev/fd'],
      ...['stdin', 'stdout', 'stderr'].flatMap((name, fd) => ['--symlink', `/proc/self/fd/${fd}`, `/dev/${name}`]),
      ...readOnly(programs.executable, inside.executable),
      ...programs.libraries.flatMap((file) => readOnly(file)),
      ...readOnly(programs.programDir, inside.programDir),
      ...readOnly(etcDir, '/etc'),
      ...readOnly(codeDir, inside.codeDir),
      ...['--size', String(tmpBytesMax), '--tmpfs', inside.tmpDir],
      // The root is a file system in memory: nobody may fill it.
      ...['--remount-ro', '/'],
    ];
  }
}

/** Writes the files of /etc that programs expect: users, names of hosts, and name servers. */
export async function writeEtc(folder: string, resolvConf: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = {
    passwd: `nobody:x:${nobody}:${nobody}:nobody:/tmp:/usr/sbin/nologin\n`,
    group: `nogroup:x:${nobody}:\n`,
    hosts: '127.0.0.1 localhost function\n::1 localhost\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    'resolv.conf': resolvConf,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o644 });
}
