import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type FilteredArch, seccompFilter } from './seccomp.ts';

/** A system call as the kernel shows it to a filter. */
interface SystemCall {
  readonly number: number;
  readonly arch: number;
  readonly args?: readonly number[];
}

const verdicts: Readonly<Record<number, string>> = { 0x7fff0000: 'allow', 0x80000000: 'kill' };
const archs = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;

/** Runs a filter as the kernel does. @see https://docs.kernel.org/networking/filter.html */
function judge(filter: Buffer, { number, arch, args = [] }: SystemCall): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(arch, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 16 + index * 8);
  let accumulator = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const [code, ifTrue, ifFalse, value] = [
      filter.readUInt16LE(at),
      filter.readUInt8(at + 2),
      filter.readUInt8(at + 3),
      filter.readUInt32LE(at + 4),
    ];
    const skip = (isTrue: boolean) => (at += 8 * (isTrue ? ifTrue : ifFalse));
    if (code === 0x20) accumulator = data.readUInt32LE(value);
    else if (code === 0x15) skip(accumulator === value);
    else if (code === 0x35) skip(accumulator >= value);
    else if (code === 0x45) skip((accumulator & value) !== 0);
    else if (code === 0x06) return verdicts[value] ?? `errno ${value & 0xffff}`;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error('the filter has no verdict');
}

const numbers = {
  x64: {
    read: 0,
    execve: 59,
    ptrace: 101,
    mount: 165,
    unshare: 272,
    clone: 56,
    clone3: 435,
    socket: 41,
    ioctl: 16,
    personality: 135,
  },
  arm64: {
    read: 63,
    execve: 221,
    ptrace: 117,
    mount: 40,
    unshare: 97,
    clone: 220,
    clone3: 435,
    socket: 198,
    ioctl: 29,
    personality: 92,
  },
} as const;

describe.each(['x64', 'arm64'] as const)('the filter of %s', (machine: FilteredArch) => {
  const filter = seccompFilter(machine);
  const call = (name: keyof (typeof numbers)['x64'], ...args: number[]) =>
    judge(filter, { number: numbers[machine][name], arch: archs[machine], args });

  it.each([
    ['read', 'allow'],
    ['execve', 'allow'],
    ['ptrace', 'errno 1'],
    ['mount', 'errno 1'],
    ['unshare', 'errno 1'],
    ['clone3', 'errno 38'],
  ] as const)('answers %s with: %s', (name, verdict) => expect(call(name)).toBe(verdict));

  it.each([
    ['a thread', 0x3d0f00, 'allow'],
    ['a process', 17, 'errno 1'],
    ['a thread in a new user namespace', 0x10000000 | 0x10000, 'errno 1'],
    ['a process in a new mount namespace', 0x20000 | 17, 'errno 1'],
  ])('answers clone of %s with %x', (_what, flags, verdict) => expect(call('clone', flags)).toBe(verdict));

  it.each([
    ['IPv4', [2, 1, 0], 'allow'],
    ['IPv6', [10, 2, 0], 'allow'],
    ['netlink for routes', [16, 3, 0], 'allow'],
    ['netlink of netfilter', [16, 3, 12], 'errno 97'],
    ['unix', [1, 1, 0], 'errno 97'],
    ['VSOCK', [40, 1, 0], 'errno 97'],
    ['AF_ALG', [38, 5, 0], 'errno 97'],
    ['packets', [17, 3, 0], 'errno 97'],
  ])('answers a socket of family %s', (_family, args, verdict) => expect(call('socket', ...args)).toBe(verdict));

  it.each([
    [0x5412, 'errno 1'],
    [0x541c, 'errno 1'],
    [0x5423, 'errno 1'],
    [0x5401, 'allow'],
  ])('answers ioctl %x', (request, verdict) => expect(call('ioctl', 1, request)).toBe(verdict));

  it('ignores the upper half of a request, as the kernel does', () => {
    expect(call('ioctl', 1, 2 ** 32 + 0x5412)).toBe('errno 1');
  });

  it.each([
    [0, 'allow'],
    [0xffffffff, 'allow'],
    [8, 'errno 1'],
  ])('answers personality %x', (persona, verdict) => expect(call('personality', persona)).toBe(verdict));

  it.each([456, 457, 1_000])('knows no system call after number 456: %i', (number) => {
    expect(judge(filter, { number, arch: archs[machine] })).toBe(number > 456 ? 'errno 38' : 'allow');
  });

  it('kills a process of another machine', () => {
    const other = machine === 'x64' ? archs.arm64 : archs.x64;
    expect(judge(filter, { number: 0, arch: other })).toBe('kill');
    expect(judge(filter, { number: 0, arch: 0x40000003 })).toBe('kill');
  });

  it('has fewer instructions than the kernel allows', () => expect(filter.length / 8).toBeLessThan(4_096));
});

it('refuses the x32 calls of x64', () => {
  const filter = seccompFilter('x64');
  expect(judge(filter, { number: 0x40000000 + 520, arch: archs.x64 })).toBe('errno 1');
});

it('has the numbers of the kernel headers on this machine', ({ skip }) => {
  const header = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';
  let text: string;
  try {
    text = readFileSync(header, 'utf8');
  } catch {
    return skip(`no kernel headers in ${header} (package linux-libc-dev)`);
  }
  const filter = seccompFilter('x64');
  const refused = [
    'ptrace',
    'bpf',
    'keyctl',
    'setns',
    'pivot_root',
    'io_uring_setup',
    'open_by_handle_at',
    'userfaultfd',
    'kexec_load',
  ];
  for (const name of refused) {
    const number = Number(new RegExp(`__NR_${name} (\\d+)`).exec(text)?.[1]);
    expect([name, judge(filter, { number, arch: archs.x64 })]).toEqual([name, 'errno 1']);
  }
});
