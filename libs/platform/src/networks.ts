import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * Special ranges that ipaddr.js 2.5.0 takes for public addresses.
 *
 * `::/96` holds IPv4 addresses in the deprecated IPv4-compatible form, so `::7f00:1` is 127.0.0.1.
 * `100:0:0:1::/64` is the dummy prefix of RFC 9780.
 */
const alsoSpecial = listOf(['::/96', '100:0:0:1::/64']);

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return list;
}

/**
 * Networks that no setting can open: link-local addresses, and the metadata services of clouds,
 * which hand out credentials of this machine to whoever asks.
 *
 * Beside 169.254.169.254 and its NAT64 form these are the services of Azure (168.63.129.16),
 * Alibaba Cloud (100.100.100.200), Oracle Cloud (192.0.0.192), AWS (fd00:ec2::/32) and Google Cloud
 * (fd20:ce::254).
 */
const neverReached = [
  '169.254.0.0/16',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fe80::/10',
  'fd00:ec2::/32',
  'fd20:ce::254',
  '64:ff9b::a9fe:0/112',
];
const never = listOf(neverReached);

/** Why an address may not be reached. Only if it is not public can a setting allow it. */
const barsFromWeakest = ['not public', 'denied', 'never'] as const;
type Bar = (typeof barsFromWeakest)[number];

/**
 * Tells which addresses users' URLs and functions may reach: public ones, and those of the networks
 * an operator allows.
 *
 * Link-local addresses and metadata services are never reached. An operator's denied network wins
 * over an allowed one.
 *
 * Not public are the ranges of IANA's special-purpose registries, multicast, and reserved ranges.
 * Among them are this host, private and shared networks, and link-local addresses (cloud metadata).
 * So are the IPv6 addresses by which a gateway reaches an IPv4 address (NAT64, Teredo, 6to4).
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
export class AllowedNetworks {
  private readonly allowed: BlockList;
  private readonly denied: BlockList;

  /**
   * @param networks CIDR blocks, e.g. `10.1.0.0/16`, or single addresses.
   * @param denied the same for networks that are not reached, public ones among them.
   */
  constructor(networks: readonly string[], denied: readonly string[] = []) {
    this.allowed = listOf(networks);
    this.denied = listOf(denied);
  }

  /**
   * @param address A literal IP address. An IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`) is
   *   judged as IPv4.
   * @returns false also for a text that is no IP address, and for an address with a zone, such as
   *   `fe80::1%eth0`.
   */
  mayReach(address: string): boolean {
    return this.barOf(address) === undefined;
  }

  private barOf(address: string): Bar | undefined {
    if (isIP(address) === 0 || address.includes('%')) return 'never';
    const ip = ipaddr.process(address);
    const [plain, family] = ip.kind() === 'ipv4' ? [ip.toString(), 'ipv4' as const] : [address, 'ipv6' as const];
    if (never.check(plain, family)) return 'never';
    if (this.denied.check(plain, family)) return 'denied';
    if (this.allowed.check(plain, family)) return undefined;
    const isPublic = ip.range() === 'unicast' && !alsoSpecial.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
    return isPublic ? undefined : 'not public';
  }

  /**
   * Says why a host may not be reached, and which setting can change that.
   * @param host a literal address, or a name.
   * @param addresses those of the host, none of which may be reached.
   * @param allowedBy the setting that can allow a network.
   */
  refusalOf(host: string, addresses: readonly string[], allowedBy: string): string {
    const bars = addresses.map((address) => this.barOf(address));
    const bar = barsFromWeakest.find((one) => bars.includes(one)) ?? 'not public';
    switch (bar) {
      case 'not public':
        return `${host} ${isIP(host) === 0 ? 'has no public address' : 'is not public'}; ${allowedBy} can allow its network`;
      case 'denied':
        return `${host} is denied by FUNCTION_NETWORKS_DENIED`;
      case 'never':
        return `${host} is never reached`;
      default:
        return bar satisfies never;
    }
  }

  /**
   * Checks a URL as far as it goes without DNS: literal IP addresses, and names of this machine.
   * @returns the address that may not be reached; undefined if the URL may be reached, or if only
   *   the lookup of its host can tell.
   */
  refusedAddressOf(url: URL): string | undefined {
    const host = url.hostname.replaceAll(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return this.mayReach(host) ? undefined : host;
    const isLocal = /^(?:.+\.)?localhost\.?$/.test(host);
    return isLocal && !this.mayReach('127.0.0.1') && !this.mayReach('::1') ? '127.0.0.1' : undefined;
  }
}

/** A CIDR block or a single address. */
export const networkPattern = /^[0-9a-fA-F:.]+(?:\/\d{1,3})?$/;

interface SpecialRanges4 {
  readonly SpecialRanges: Readonly<Record<string, readonly (readonly [{ toString(): string }, number])[]>>;
}

const isV4 = (network: string) => isIP(network.split('/')[0] ?? '') === 4;

/**
 * The rules of {@link AllowedNetworks} for IPv4 as CIDR blocks, for a packet filter. The first list
 * that holds an address decides.
 */
export interface NetworkRules4 {
  /** Link-local addresses and metadata services. */
  readonly never: readonly string[];
  readonly denied: readonly string[];
  readonly allowed: readonly string[];
  /** Ranges that are not public. */
  readonly special: readonly string[];
}

/** Writes the IPv4 rules of allowed and denied networks as CIDR blocks. */
export function networkRules4(allowed: readonly string[], denied: readonly string[]): NetworkRules4 {
  // The types of ipaddr.js leave this table out.
  const { SpecialRanges: ranges } = ipaddr.IPv4.prototype as unknown as SpecialRanges4;
  return {
    never: neverReached.filter(isV4),
    denied: denied.filter(isV4),
    allowed: allowed.filter(isV4),
    special: Object.values(ranges).flatMap((blocks) => blocks.map(([address, bits]) => `${address.toString()}/${bits}`)),
  };
}
