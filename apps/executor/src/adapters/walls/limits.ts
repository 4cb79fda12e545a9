import { toolPath } from './tools.ts';

/** Limits that the kernel enforces for the life of an instance. */
export interface ProcessLimits {
  /** Largest file, in bytes. */
  readonly fileBytesMax: number;
  /** Memory from which the watch ends the process, in bytes. */
  readonly memoryBytesMax: number;
  /** Threads of the user. Absent where the user is shared with others. */
  readonly threadsMax?: number;
}

/** Open files and sockets of an instance. */
const openFilesMax = 1_024;
/**
 * Writable memory that a process may map beyond what it may use, in bytes. An idle Node.js maps 560
 * MiB and uses 40 MiB. It bounds what a process takes between two looks of the watch.
 */
const mappedBytesMax = 1_073_741_824;
/** How much lower the priority of functions is than that of the services. */
const niceness = 10;

/** The part of a command line that lowers limits and priority. Empty without the tools. */
export function limitsPrefix({ fileBytesMax, memoryBytesMax, threadsMax }: ProcessLimits): readonly string[] {
  const prlimit = toolPath('prlimit');
  const nice = toolPath('nice');
  return [
    ...(nice === undefined ? [] : [nice, '-n', String(niceness)]),
    ...(prlimit === undefined
      ? []
      : [
          prlimit,
          `--nofile=${openFilesMax}`,
          `--fsize=${fileBytesMax}`,
          '--core=0',
          '--msgqueue=0',
          '--memlock=65536',
          '--rtprio=0',
          `--data=${memoryBytesMax + mappedBytesMax}`,
          ...(threadsMax === undefined ? [] : [`--nproc=${threadsMax}`]),
          '--',
        ]),
  ];
}

/**
 * The part of a command line that drops the executor's user and privileges. The kernel ends the
 * process when the executor ends.
 */
export function privilegesPrefix(user: { readonly uid: number; readonly gid: number } | undefined): readonly string[] {
  const setpriv = toolPath('setpriv');
  if (setpriv === undefined) return [];
  const { uid, gid } = user ?? {};
  return [
    setpriv,
    ...(user === undefined ? [] : ['--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--bounding-set=-all']),
    '--inh-caps=-all',
    '--no-new-privs',
    '--pdeathsig',
    'KILL',
    '--',
  ];
}
