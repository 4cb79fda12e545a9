/**
 * The router is one network namespace for each executor, between the networks of its instances and
 * the outside. Its link to the outside is slirp4netns, which makes a socket of the host for each
 * connection.
 *
 * R1. An instance has a pair of virtual devices to the router. It has no rights over the router,
 *     so it cannot change the rules that filter its packets.
 * R2. Router, slirp4netns and all networks end with the executor, even if it is killed.
 * R3. slirp4netns runs without capabilities behind a seccomp filter, because it parses packets of
 *     strangers. If it ends, it is started again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { NetworkRules4 } from '#platform';
import { toolPath } from '../walls/tools.ts';
import type { EgressPolicy } from '../../egress-policy.ts';
import type { Egress, InstanceNetwork } from '../walls/egress.ts';
import { NamespaceShell, piped } from './namespace-shell.ts';
import { routerNetworks, outsideDevice, packetFilter, type TrafficLimits } from './packet-filter.ts';

/** Settings of a {@link Router}. */
export interface RouterSettings {
  readonly policy: Extract<EgressPolicy, 'public' | 'allowed'>;
  readonly rules: NetworkRules4;
  readonly limits: TrafficLimits;
  /** Networks that are made ahead, so that an instance does not wait for one. */
  readonly spareMax: number;
  /** Enters the network that is the outside. Default: the network of this process. */
  readonly hostPrefix?: readonly string[];
  /** Called with the reason when the router has ended on its own: instances have no network. */
  readonly onLost: (reason: string) => void;
  /** Called with the reason when slirp4netns has ended and is started again. */
  readonly onInterrupted: (reason: string) => void;
}

/** Packets of this size cross the router whole, which makes it fast. */
const mtu = 65_520;
/** Networks that fit into the range of the instances. */
const networksMax = 16_384;
const restartWaitMs = 200;
const startTimeoutMs = 10_000;

const setUp = [
  // /run hides the names of networks that other programs made.
  'mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/netns',
  'ip link set lo up',
  'echo 1 > /proc/sys/net/ipv4/ip_forward',
  'for name in all default; do echo 1 > /proc/sys/net/ipv6/conf/$name/disable_ipv6; done 2>/dev/null || true',
  'for name in all default; do echo 1 > /proc/sys/net/ipv4/conf/$name/rp_filter; done',
  // Else only some refused connections would fail at once, and others would wait.
  'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit',
  // Answers come within seconds. A longer memory would use up the connections of an instance.
  'echo 10 > /proc/sys/net/netfilter/nf_conntrack_udp_timeout 2>/dev/null || true',
];

/** The commands that make the network of an instance, and its two ends. */
function commandsFor(index: number): readonly string[] {
  const name = `n${index}`;
  const address = (last: number) => `${routerNetworks.instances}.${index >> 6}.${((index & 63) << 2) + last}`;
  const routerSide = [
    `netns add ${name}`,
    `link add ${name} mtu ${mtu} type veth peer name eth0 mtu ${mtu} netns ${name}`,
    `link set ${name} addrgenmode none`,
    `addr add ${address(1)}/30 dev ${name}`,
    `link set ${name} up`,
  ];
  const instanceSide = [
    'link set lo up',
    'link set eth0 addrgenmode none',
    `addr add ${address(2)}/30 dev eth0`,
    'link set eth0 up',
    `route add default via ${address(1)}`,
  ];
  return [piped(routerSide.join('\n'), 'ip -batch -'), piped(instanceSide.join('\n'), `ip -n ${name} -batch -`)];
}

/** A router that runs. */
export class Router implements Egress {
  readonly resolvConf = `nameserver ${routerNetworks.nameServer}\noptions timeout:2 attempts:2\n`;
  private readonly spare: number[] = [];
  private readonly free: number[] = [];
  private next = 0;
  private filling: Promise<void> = Promise.resolve();
  private slirp: ChildProcess | undefined;
  private isClosed = false;

  private constructor(
    private readonly settings: RouterSettings,
    private readonly shell: NamespaceShell,
    private readonly asUser: boolean,
  ) {}

  get policy(): EgressPolicy {
    return this.settings.policy;
  }

  /**
   * Starts a router with its first spare networks.
   * @throws Error that says what is missing here.
   */
  static async start(settings: RouterSettings): Promise<Router> {
    const asUser = process.getuid?.() !== 0;
    const shell = await NamespaceShell.start({ prefix: settings.hostPrefix ?? [], asUser });
    const router = new Router(settings, shell, asUser);
    try {
      for (const line of setUp) await shell.run(line);
      await shell.run(piped(packetFilter(settings.rules, settings.policy === 'public', settings.limits), 'nft -f -'));
      await router.startOutside();
      router.fill();
      await router.filling;
    } catch (error) {
      router.close();
      throw error;
    }
    void shell.ended.then((reason) => {
      if (!router.isClosed) settings.onLost(reason);
    });
    return router;
  }

  /** Replaces the addresses of the platform, which no instance reaches. */
  async setPlatformAddresses(addresses: readonly string[]): Promise<void> {
    const lines = [
      'flush set inet egress platform',
      ...(addresses.length === 0 ? [] : [`add element inet egress platform { ${addresses.join(', ')} }`]),
    ];
    await this.shell.run(piped(lines.join('\n'), 'nft -f -'));
  }

  async attach(): Promise<InstanceNetwork> {
    let index = this.spare.shift();
    if (index === undefined) index = await this.make();
    this.fill();
    const { pid } = this.shell;
    const user = this.asUser ? [`--user=/proc/${pid}/ns/user`, '--preserve-credentials'] : [];
    let isReleased = false;
    return {
      enter: [toolPath('nsenter') ?? 'nsenter', ...user, `--net=/proc/${pid}/root/run/netns/n${index}`, '--'],
      bubblewrapOptions: [],
      release: () => {
        if (isReleased) return;
        isReleased = true;
        void this.remove(index);
      },
    };
  }

  close(): void {
    this.isClosed = true;
    this.slirp?.kill('SIGKILL');
    this.shell.kill();
  }

  /** Makes spare networks, one after the other. */
  private fill(): void {
    this.filling = this.filling.then(async () => {
      while (!this.isClosed && this.spare.length < this.settings.spareMax) this.spare.push(await this.make());
    });
    // attach tries again and reports why.
    this.filling = this.filling.catch(() => undefined);
  }

  private async make(): Promise<number> {
    const index = this.free.shift() ?? this.next++;
    if (index >= networksMax) throw new Error(`at most ${networksMax} functions can have a network at once`);
    try {
      for (const line of commandsFor(index)) await this.shell.run(line);
      return index;
    } catch (error) {
      void this.remove(index);
      throw new Error(`the network of an instance cannot be made: ${(error as Error).message}`, { cause: error });
    }
  }

  /** A network is made anew for each instance, so none inherits connections of another. */
  private async remove(index: number): Promise<void> {
    if (this.isClosed) return;
    await this.shell.run(`ip link del n${index}; ip netns del n${index}`).catch(() => undefined);
    this.free.push(index);
  }

  /** Starts slirp4netns. Resolves when the device is there. */
  private async startOutside(): Promise<void> {
    const { hostPrefix = [], onInterrupted } = this.settings;
    const [file = '', ...args] = [
      ...hostPrefix,
      ...['setpriv', '--pdeathsig', 'KILL', '--', 'slirp4netns', '--configure', `--mtu=${mtu}`],
      ...['--disable-host-loopback', `--cidr=${routerNetworks.outside}`, '--enable-sandbox', '--enable-seccomp'],
      ...['--ready-fd=3', '--exit-fd=4', String(this.shell.pid), outsideDevice],
    ];
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
    const child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
    this.slirp = child;
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors = `${errors}${chunk.toString()}`.slice(-4_096)));
    const lastError = () => errors.trim().split('\n').at(-1) ?? '';
    let isReady = false;
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => resolve(lastError() || (signal ?? `exit code ${code}`)));
    });
    void ended.then((reason) => {
      if (this.isClosed || !isReady) return;
      onInterrupted(reason);
      this.restartOutside();
    });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('slirp4netns did not become ready')), startTimeoutMs);
      child.stdio[3]?.once('data', () => {
        clearTimeout(timer);
        isReady = true;
        resolve();
      });
      void ended.then((reason) => {
        clearTimeout(timer);
        reject(new Error(`slirp4netns: ${reason}`));
      });
    });
  }

  private restartOutside(): void {
    setTimeout(() => {
      if (this.isClosed) return;
      this.startOutside().catch(() => this.restartOutside());
    }, restartWaitMs).unref();
  }
}
