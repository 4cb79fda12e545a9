import type { NetworkRules4 } from '#platform';

/**
 * The network between an instance and its slirp4netns. The range is for benchmarks and on no real
 * network.
 */
export const linkNetwork = '198.18.0.0/24';
/**
 * Address in {@link linkNetwork} at which slirp4netns answers names, with the resolver of the host.
 */
export const nameServer = '198.18.0.3';

/** Limits of one instance. */
export interface TrafficLimits {
  /** Connections, and conversations over UDP, at once. */
  readonly connectionsMax: number;
  /** New ones in a second. Each of these rates lets a burst of the double pass. */
  readonly startsPerSecond: number;
  /** Questions to the name server. */
  readonly namesPerSecond: number;
  /** Mbytes in a second in each direction. */
  readonly mbytesPerSecond: number;
}

const setOf = (name: string, networks: readonly string[]) =>
  `set ${name} { type ipv4_addr; flags interval; auto-merge;${networks.length === 0 ? '' : ` elements = { ${networks.join(', ')} };`} }`;

/**
 * Writes the rules of nftables for the network of an instance.
 *
 * F1. Loopback is free. Other packets go out by the rules, or come in as answers.
 * F2. Addresses are judged in the order of {@link NetworkRules4}. The platform's own come first.
 * F3. A refused connection fails at once with EHOSTUNREACH; one over a limit waits or fails.
 * F4. Packets of IPv6 are dropped.
 */
export function packetFilter(
  rules: NetworkRules4,
  platform: readonly string[],
  isPublicAllowed: boolean,
  limits: TrafficLimits,
): string {
  const refuse = 'reject with icmp type admin-prohibited';
  const rate = (perSecond: number) => `limit rate over ${perSecond}/second burst ${perSecond * 2} packets`;
  const bytes = `limit rate over ${limits.mbytesPerSecond} mbytes/second burst ${limits.mbytesPerSecond} mbytes`;
  const name = `ip daddr ${nameServer} meta l4proto { tcp, udp } th dport 53`;
  return `
table inet egress {
  ${setOf('never', rules.never)}
  ${setOf('platform', platform)}
  ${setOf('denied', rules.denied)}
  ${setOf('allowed', rules.allowed)}
  ${setOf('special', rules.special)}
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    meta nfproto != ipv4 drop
    ${bytes} drop
    ct state established,related accept
    ct state != new drop
    ${name} ${rate(limits.namesPerSecond)} drop
    ${name} accept
    meta l4proto != { tcp, udp } ${refuse}
    ip daddr { ${linkNetwork}, 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3 } ${refuse}
    ip daddr @never ${refuse}
    ip daddr @platform ${refuse}
    ip daddr @denied ${refuse}
    ${rate(limits.startsPerSecond)} drop
    ct count over ${limits.connectionsMax} ${refuse}
    ip daddr @allowed accept
    ip daddr @special ${refuse}
    ${isPublicAllowed ? 'accept' : refuse}
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    meta nfproto != ipv4 drop
    ${bytes} drop
    ct state established,related accept
  }
}`;
}
