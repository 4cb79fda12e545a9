/** Chooses the network of functions: tries to make one when the executor starts. */
import { accessSync, constants, existsSync } from 'node:fs';
import { networkRules4 } from '#platform';
import { toolPath } from '../walls/tools.ts';
import type { EgressPolicy } from '../../egress-policy.ts';
import { type Egress, sameForAll, unfiltered } from '../walls/egress.ts';
import { InstanceNetworks, type InstanceNetworksSettings } from './instance-networks.ts';
import type { TrafficLimits } from './packet-filter.ts';

/** Settings of the network of functions. */
export interface EgressOptions extends Pick<InstanceNetworksSettings, 'onLost' | 'onInterrupted' | 'hostPrefix' | 'asUser'> {
  readonly policy: EgressPolicy;
  readonly networksAllowed: readonly string[];
  readonly networksDenied: readonly string[];
  /** Connections of one instance at once. */
  readonly connectionsMax: number;
}

/** The network of functions. */
export interface OpenedEgress {
  readonly egress: Egress;
  /** Why functions have no network although they should have one. */
  readonly missing?: string;
}

const spareMax = 3;
const trafficLimits: Omit<TrafficLimits, 'connectionsMax'> = {
  startsPerSecond: 200,
  namesPerSecond: 100,
  mbytesPerSecond: 100,
};

/** Opens the network of a policy. Without what the policy needs, functions get no network. */
export async function openEgress(options: EgressOptions): Promise<OpenedEgress> {
  const { policy, networksAllowed, networksDenied, connectionsMax } = options;
  if (policy === 'none') return { egress: withoutNetwork(policy) };
  if (policy === 'unfiltered') return { egress: unfiltered() };
  const lacking = lackingTool();
  if (lacking !== undefined) return { egress: withoutNetwork('none'), missing: lacking };
  try {
    const rules = networkRules4(networksAllowed, networksDenied);
    const limits = { ...trafficLimits, connectionsMax };
    return { egress: await InstanceNetworks.start({ ...options, policy, rules, limits, spareMax }) };
  } catch (error) {
    return { egress: withoutNetwork('none'), missing: explained((error as Error).message) };
  }
}

function withoutNetwork(policy: EgressPolicy): Egress {
  return sameForAll(policy, '', { enter: [], bubblewrapOptions: ['--unshare-net'], release: () => undefined });
}

const tools: readonly (readonly [tool: string, debianPackage: string])[] = [
  ['slirp4netns', 'slirp4netns'],
  ['nft', 'nftables'],
  ['ip', 'iproute2'],
  ['nsenter', 'util-linux'],
  ['unshare', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['prlimit', 'util-linux'],
];

function lackingTool(): string | undefined {
  for (const [tool, debianPackage] of tools)
    if (toolPath(tool) === undefined) return `${tool} is not installed (Debian, Ubuntu: apt-get install ${debianPackage})`;
  const device = '/dev/net/tun';
  if (!existsSync(device)) return `${device} is missing (modprobe tun; docker run --device ${device})`;
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return `this user may not use ${device} (chmod 666 ${device})`;
  }
}

/** Adds what to do about a message of a tool. */
function explained(reason: string): string {
  if (/unshare|uid_map|setgroups/.test(reason)) return `${reason}: this machine or container forbids network namespaces`;
  if (/proc\/sys/.test(reason))
    return `${reason}: the container forbids changes of /proc/sys (docker run --security-opt systempaths=unconfined)`;
  return reason;
}
