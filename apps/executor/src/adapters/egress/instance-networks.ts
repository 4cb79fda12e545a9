/**
 * Gives each instance a network namespace with a packet filter. Its only link leads to a
 * slirp4netns of its own, which makes a socket of the host for each connection.
 *
 * N1. An instance has no rights over its network, so it cannot change address, routes or filter.
 * N2. Sockets of the host that belong to an instance are bounded, and end with the instance. One
 *     slirp4netns for all would let an instance leave its connections behind, until no other
 *     instance can open any.
 * N3. All networks end with the executor, even if it is killed.
 * N4. slirp4netns runs without capabilities behind a seccomp filter, because it parses packets of
 *     strangers.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { NetworkRules4 } from '#platform';
import type { EgressPolicy } from '../../egress-policy.ts';
import type { Egress, InstanceNetwork } from '../walls/egress.ts';
import { toolPath } from '../walls/tools.ts';
import { NamespaceShell, piped } from './namespace-shell.ts';
import { linkNetwork, nameServer, packetFilter, type TrafficLimits } from './packet-filter.ts';

/** Settings of {@link InstanceNetworks}. */
export interface InstanceNetworksSettings {
  readonly policy: Extract<EgressPolicy, 'public' | 'allowed'>;
  readonly rules: NetworkRules4;
  readonly limits: TrafficLimits;
  /** Networks that are made ahead, so that an instance does not wait for one. */
  readonly spareMax: number;
  /** Enters the network that is the outside. Default: the network of this process. */
  readonly hostPrefix?: readonly string[];
  /** Default: true unless this process is root. Then the networks belong to a user namespace. */
  readonly asUser?: boolean;
  /** Called with the reason when the link of an instance has ended before the instance. */
  readonly onInterrupted: (reason: string) => void;
  /** Called with the reason when no more networks can be made: the holder of all has ended. */
  readonly onLost: (reason: string) => void;
}

/** A network that is ready. */
interface Network {
  readonly name: string;
  readonly slirp: ChildProcess;
}

/** Packets of this size cross the link whole, which makes it fast. */
const mtu = 65_520;
/** Files of slirp4netns beside its connections. It had 11 open. */
const slirpFiles = 32;
const startTimeoutMs = 10_000;
const path = '/usr/sbin:/usr/bin:/sbin:/bin';
const rulesFile = '/run/egress.nft';

const setUp = [
  // /run hides the names of networks that other programs made.
  'mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/netns',
];

/** The commands inside of a new network. */
const within = [
  'ip link set lo up',
  // Applies to the device that slirp4netns adds.
  'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null || true',
  // Else only some refused connections would fail at once, and others would wait.
  'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit',
  `nft -f ${rulesFile}`,
].join(' && ');

/** The last line that a process wrote. */
const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';

/** Networks of instances, and the process that holds their names. */
export class InstanceNetworks implements Egress {
  readonly resolvConf = `nameserver ${nameServer}\noptions timeout:2 attempts:2\n`;
  private readonly spare: Network[] = [];
  private readonly all = new Set<Network>();
  private platform: readonly string[] = [];
  private made = 0;
  private filling: Promise<void> = Promise.resolve();
  private isClosed = false;
  private readonly asUser: boolean;

  private constructor(
    private readonly settings: InstanceNetworksSettings,
    private readonly holder: NamespaceShell,
  ) {
    this.asUser = settings.asUser ?? process.getuid?.() !== 0;
  }

  get policy(): EgressPolicy {
    return this.settings.policy;
  }

  /**
   * Starts the holder and makes the first spare networks.
   * @throws Error that says what is missing here.
   */
  static async start(settings: InstanceNetworksSettings): Promise<InstanceNetworks> {
    const asUser = settings.asUser ?? process.getuid?.() !== 0;
    const holder = await NamespaceShell.start({ prefix: settings.hostPrefix ?? [], asUser });
    const networks = new InstanceNetworks(settings, holder);
    try {
      for (const line of setUp) await holder.run(line);
      await networks.writeRules();
      networks.spare.push(await networks.make());
      networks.fill();
    } catch (error) {
      networks.close();
      throw error;
    }
    void holder.ended.then((reason) => {
      if (!networks.isClosed) settings.onLost(reason);
    });
    return networks;
  }

  async setPlatformAddresses(addresses: readonly string[]): Promise<void> {
    this.platform = addresses;
    await this.writeRules();
    const update = [
      'flush set inet egress platform',
      ...(addresses.length === 0 ? [] : [`add element inet egress platform { ${addresses.join(', ')} }`]),
    ].join('; ');
    const each = `nsenter --net="$name" nft '${update}' || exit 1`;
    await this.holder.run(`for name in /run/netns/*; do [ -e "$name" ] || continue; ${each}; done`);
  }

  async attach(): Promise<InstanceNetwork> {
    const taken = this.takeSpare() ?? (await this.make());
    this.fill();
    let isReleased = false;
    return {
      enter: [toolPath('nsenter') ?? 'nsenter', ...this.userNamespace(), `--net=${this.pathOf(taken.name)}`, '--'],
      bubblewrapOptions: [],
      release: () => {
        if (isReleased) return;
        isReleased = true;
        void this.remove(taken);
      },
    };
  }

  /** A spare network that still has its link. Those that lost it are deleted. */
  private takeSpare(): Network | undefined {
    for (let network = this.spare.shift(); network !== undefined; network = this.spare.shift()) {
      if (this.all.has(network)) return network;
      void this.forget(network.name);
    }
    return undefined;
  }

  close(): void {
    this.isClosed = true;
    for (const { slirp } of this.all) slirp.kill('SIGKILL');
    this.holder.kill();
  }

  private pathOf(name: string): string {
    return `/proc/${this.holder.pid}/root/run/netns/${name}`;
  }

  /** Options of nsenter: whoever enters is root of the user namespace that owns the networks. */
  private userNamespace(): readonly string[] {
    return this.asUser ? [`--user=/proc/${this.holder.pid}/ns/user`, '--preserve-credentials'] : [];
  }

  private async writeRules(): Promise<void> {
    const { rules, policy, limits } = this.settings;
    await this.holder.run(piped(packetFilter(rules, this.platform, policy === 'public', limits), `cat > ${rulesFile}`));
  }

  /** Makes spare networks, one after the other. */
  private fill(): void {
    this.filling = this.filling
      .then(async () => {
        while (!this.isClosed && this.spare.length < this.settings.spareMax) this.spare.push(await this.make());
      })
      // attach tries again and reports why.
      .catch(() => undefined);
  }

  /** A network is made anew for each instance, so none inherits connections of another. */
  private async make(): Promise<Network> {
    const name = `n${this.made++}`;
    try {
      await this.holder.run(`ip netns add ${name} && nsenter --net=/run/netns/${name} sh -c '${within}'`);
      const slirp = await this.connect(name);
      const network = { name, slirp };
      if (this.isClosed) slirp.kill('SIGKILL');
      this.all.add(network);
      slirp.once('exit', (code, signal) => {
        // Without a link the instance has no network, which is safe.
        if (this.all.delete(network) && !this.isClosed) this.settings.onInterrupted(signal ?? `exit code ${code}`);
      });
      return network;
    } catch (error) {
      void this.forget(name);
      throw new Error(`the network of an instance cannot be made: ${(error as Error).message}`, { cause: error });
    }
  }

  private async remove(network: Network): Promise<void> {
    this.all.delete(network);
    network.slirp.kill('SIGKILL');
    await this.forget(network.name);
  }

  private async forget(name: string): Promise<void> {
    if (!this.isClosed) await this.holder.run(`ip netns del ${name}`).catch(() => undefined);
  }

  /** Starts the slirp4netns of a network. Resolves when the link is up. */
  private async connect(name: string): Promise<ChildProcess> {
    const { hostPrefix = [], limits } = this.settings;
    const [file = '', ...args] = [
      ...hostPrefix,
      ...(this.asUser ? ['nsenter', ...this.userNamespace(), '--'] : []),
      ...['setpriv', '--pdeathsig', 'KILL', '--', 'prlimit', `--nofile=${limits.connectionsMax + slirpFiles}`, '--'],
      ...['slirp4netns', '--configure', `--mtu=${mtu}`, '--disable-host-loopback', `--cidr=${linkNetwork}`],
      ...['--enable-sandbox', '--enable-seccomp', '--ready-fd=3', '--exit-fd=4'],
      ...['--netns-type=path', this.pathOf(name), 'eth0'],
    ];
    const child = spawn(file, args, { env: { PATH: path }, stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors = `${errors}${chunk.toString()}`.slice(-4_096)));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error('slirp4netns did not become ready'));
      }, startTimeoutMs);
      child.stdio[3]?.once('data', () => {
        clearTimeout(timer);
        resolve(child);
      });
      const fail = (reason: string) => {
        clearTimeout(timer);
        reject(new Error(`slirp4netns: ${reason}`));
      };
      child.once('error', (error) => fail(error.message));
      child.once('close', (code, signal) => fail(lastLine(errors) || (signal ?? `exit code ${code}`)));
    });
  }
}
