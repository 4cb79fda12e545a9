import type { NetworkRules4 } from '#platform';

/** IPv4 networks inside of the router. The range is for benchmarks and on no real network. */
export const routerNetworks = {
  /** The network of slirp4netns. */
  outside: '198.18.0.0/24',
  /** slirp4netns answers names here, with the resolver of the host. */
  nameServer: '198.18.0.3',
  /** The first three parts of the networks of instances, each of four addresses. */
  instances: '198.19',
} as const;

/** The device of the router that leads outside. */
export const outsideDevice = 'tap0';

/** Limits of one instance. */
export interface TrafficLimits {
  /** Connections, and conversations over UDP, at once. */
  readonly connectionsMax: number;
  /** New ones in a second. Each of these rates lets a burst of the double pass. */
  readonly startsPerSecond: number;
  /** New conversations over UDP. slirp4netns holds each for 240 s, so these must be few. */
  readonly udpStartsPerSecond: number;
  /** Questions to the name server. */
  readonly namesPerSecond: number;
  /** Mbytes in a second in each direction. */
  readonly mbytesPerSecond: number;
}

const setOf = (name: string, networks: readonly string[]) =>
  `set ${name} { type ipv4_addr; flags interval; auto-merge;${networks.length === 0 ? '' : ` elements = { ${networks.join(', ')} };`} }`;
const counterOf = (name: string) => `set ${name} { type ipv4_addr; flags dynamic; size 65535; }`;

/**
 * Writes the rules of nftables for the router.
 *
 * F1. A packet goes from an instance outside, or is an answer from there. Nothing goes from one
 *     instance to another, to the router itself, or from outside to an instance on its own accord.
 * F2. Addresses are judged in the order of {@link NetworkRules4}. The platform's own come first.
 * F3. A refused connection fails at once with EHOSTUNREACH; one over a limit waits or fails.
 * F4. Packets of IPv6 are dropped.
 */
export function packetFilter(rules: NetworkRules4, isPublicAllowed: boolean, limits: TrafficLimits): string {
  const refuse = 'reject with icmp type admin-prohibited';
  const { outside, nameServer, instances } = routerNetworks;
  const perInstance = (set: string, limit: string) => `add @${set} { ip saddr ${limit} }`;
  const rate = (perSecond: number) => `limit rate over ${perSecond}/second burst ${perSecond * 2} packets`;
  const bytes = `limit rate over ${limits.mbytesPerSecond} mbytes/second burst ${limits.mbytesPerSecond} mbytes`;
  return `
table inet egress {
  ${setOf('never', rules.never)}
  ${setOf('platform', [])}
  ${setOf('denied', rules.denied)}
  ${setOf('allowed', rules.allowed)}
  ${setOf('special', rules.special)}
  ${['connections', 'starts', 'datagrams', 'names', 'sent', 'received'].map(counterOf).join('\n  ')}
  chain forward {
    type filter hook forward priority filter; policy drop;
    meta nfproto != ipv4 drop
    iifname "${outsideDevice}" oifname != "${outsideDevice}" ct state established,related update @received { ip daddr ${bytes} } drop
    iifname "${outsideDevice}" oifname != "${outsideDevice}" ct state established,related accept
    oifname != "${outsideDevice}" ${refuse}
    ip saddr != ${instances}.0.0/16 drop
    update @sent { ip saddr ${bytes} } drop
    ct state established,related accept
    ct state != new drop
    ip daddr ${nameServer} meta l4proto { tcp, udp } th dport 53 update @names { ip saddr ${rate(limits.namesPerSecond)} } drop
    ip daddr ${nameServer} meta l4proto { tcp, udp } th dport 53 accept
    meta l4proto != { tcp, udp } ${refuse}
    ip daddr { ${outside}, ${instances}.0.0/16 } ${refuse}
    ip daddr { 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3 } ${refuse}
    ip daddr @never ${refuse}
    ip daddr @platform ${refuse}
    ip daddr @denied ${refuse}
    update @starts { ip saddr ${rate(limits.startsPerSecond)} } drop
    meta l4proto udp update @datagrams { ip saddr ${rate(limits.udpStartsPerSecond)} } drop
    ${perInstance('connections', `ct count over ${limits.connectionsMax}`)} ${refuse}
    ip daddr @allowed accept
    ip daddr @special ${refuse}
    ${isPublicAllowed ? 'accept' : refuse}
  }
  chain input {
    type filter hook input priority filter; policy drop;
    meta nfproto != ipv4 drop
    iifname "lo" accept
    iifname "${outsideDevice}" ct state established,related accept
    iifname != "${outsideDevice}" ${refuse}
  }
  chain outbound {
    type nat hook postrouting priority srcnat;
    oifname "${outsideDevice}" masquerade
  }
}`;
}
