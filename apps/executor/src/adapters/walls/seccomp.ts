/**
 * The seccomp filter of an instance: a classic BPF program that the kernel runs at each system
 * call. It allows what it does not name, as the filters of Docker and Flatpak do.
 *
 * S1. A call that could change namespaces, mounts, modules, clocks or other processes fails.
 * S2. The process starts threads and no other processes. `clone3` hides its flags from a filter, so
 *     it does not exist here, and the C library falls back to `clone`.
 * S3. Sockets are IPv4, IPv6, and netlink for routes. Other families, such as VSOCK, reach beyond
 *     the network namespace.
 * S4. A system call that is newer than this filter does not exist, and neither does any other
 *     calling convention of the machine.
 *
 * @see https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
 */

/** A machine that has a filter. */
export type FilteredArch = 'x64' | 'arm64';

interface Machine {
  /** AUDIT_ARCH_X86_64 or AUDIT_ARCH_AARCH64. */
  readonly audit: number;
  /** The column of {@link refused}. */
  readonly column: 0 | 1;
  /** The first number of a second calling convention, or undefined. */
  readonly otherConvention?: number;
  readonly clone: number;
  readonly clone3: number;
  readonly socket: number;
  readonly ioctl: number;
  readonly personality: number;
}

const machines: Readonly<Record<FilteredArch, Machine>> = {
  x64: {
    audit: 0xc000003e,
    column: 0,
    // The x32 convention.
    otherConvention: 0x40000000,
    clone: 56,
    clone3: 435,
    socket: 41,
    ioctl: 16,
    personality: 135,
  },
  arm64: { audit: 0xc00000b7, column: 1, clone: 220, clone3: 435, socket: 198, ioctl: 29, personality: 92 },
};

/** Numbers of refused system calls on x64 and arm64; -1 if the machine has no such call. */
const refused: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  // Other processes.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  process_mrelease: [448, 448],
  kcmp: [312, 272],
  pidfd_open: [434, 434],
  pidfd_getfd: [438, 438],
  pidfd_send_signal: [424, 424],
  fork: [57, -1],
  vfork: [58, -1],
  // Attack surface of the kernel.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  vmsplice: [278, 75],
  remap_file_pages: [216, 234],
  modify_ldt: [154, -1],
  // Namespaces and mounts.
  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  // Files beyond the view of the instance.
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  mknod: [133, -1],
  mknodat: [259, 33],
  fanotify_init: [300, 262],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  acct: [163, 89],
  // The whole machine.
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, -1],
  query_module: [178, -1],
  get_kernel_syms: [177, -1],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  syslog: [103, 116],
  vhangup: [153, 58],
  iopl: [172, -1],
  ioperm: [173, -1],
  _sysctl: [156, -1],
  sysfs: [139, -1],
  ustat: [136, -1],
  uselib: [134, -1],
  mbind: [237, 235],
  set_mempolicy: [238, 237],
  set_mempolicy_home_node: [450, 450],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  // Memory that the resident size of a process does not show.
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  shmget: [29, 194],
  semget: [64, 190],
  msgget: [68, 186],
  mq_open: [240, 180],
};

/** `futex_requeue`. Both machines number newer calls alike. */
const newestKnown = 456;

const errno = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 } as const;
const allow = 0x7fff0000;
const killProcess = 0x80000000;
const failWith = (code: number) => 0x00050000 | code;

/** Offsets in `struct seccomp_data`. Arguments have 64 bits; the low half comes first. */
const offset = { number: 0, arch: 4, argument: (index: number) => 16 + 8 * index } as const;

const threadFlag = 0x00010000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const namespaceFlags = 0x7e020000;

/** AF_INET, AF_INET6. */
const internetFamilies = [2, 10] as const;
const netlinkFamily = 16;
/** TIOCSTI types into a terminal, TIOCLINUX pastes, TIOCSETD loads modules. */
const refusedIoctls = [0x5412, 0x541c, 0x5423] as const;

interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: number;
}

const load = (at: number): Instruction => ({ code: 0x20, ifTrue: 0, ifFalse: 0, value: at });
const finish = (verdict: number): Instruction => ({ code: 0x06, ifTrue: 0, ifFalse: 0, value: verdict });
const jump =
  (code: number) =>
  (value: number, ifTrue: number, ifFalse: number): Instruction => ({ code, ifTrue, ifFalse, value });
const ifEqual = jump(0x15);
const ifAtLeast = jump(0x35);
const ifAnyBit = jump(0x45);

/** Runs `then` for one system call. The last instruction of `then` must finish. */
function onCall(number: number, then: readonly Instruction[]): readonly Instruction[] {
  return number < 0 ? [] : [ifEqual(number, 0, then.length), ...then];
}

/** Returns the program as the kernel reads it: an array of `struct sock_filter`. */
export function seccompFilter(arch: FilteredArch): Buffer {
  const { audit, column, otherConvention, clone, clone3, socket, ioctl, personality } = machines[arch];
  const refuse = finish(failWith(errno.EPERM));
  const program: Instruction[] = [
    load(offset.arch),
    ifEqual(audit, 1, 0),
    finish(killProcess),
    load(offset.number),
    ...(otherConvention === undefined ? [] : [ifAtLeast(otherConvention, 0, 1), refuse]),
    ifAtLeast(newestKnown + 1, 0, 1),
    finish(failWith(errno.ENOSYS)),
    ...Object.values(refused).flatMap((numbers) => onCall(numbers[column], [refuse])),
    ...onCall(clone3, [finish(failWith(errno.ENOSYS))]),
    ...onCall(clone, [
      load(offset.argument(0)),
      ifAnyBit(namespaceFlags, 1, 0),
      ifAnyBit(threadFlag, 1, 0),
      refuse,
      finish(allow),
    ]),
    ...onCall(socket, [
      load(offset.argument(0)),
      ...internetFamilies.flatMap((family) => [ifEqual(family, 0, 1), finish(allow)]),
      ifEqual(netlinkFamily, 0, 3),
      // NETLINK_ROUTE.
      load(offset.argument(2)),
      ifEqual(0, 0, 1),
      finish(allow),
      finish(failWith(errno.EAFNOSUPPORT)),
    ]),
    ...onCall(ioctl, [
      load(offset.argument(1)),
      ...refusedIoctls.flatMap((request) => [ifEqual(request, 0, 1), refuse]),
      finish(allow),
    ]),
    ...onCall(personality, [load(offset.argument(0)), ifEqual(0, 2, 0), ifEqual(0xffffffff, 1, 0), refuse, finish(allow)]),
    finish(allow),
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, ifTrue, ifFalse, value }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  }
  return bytes;
}

/** True if this machine has a filter. */
export function isFiltered(arch: string): arch is FilteredArch {
  return Object.hasOwn(machines, arch);
}
