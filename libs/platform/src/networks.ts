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
 * Tells which addresses webhooks may reach: public ones, and those of the networks an operator
 * allows.
 *
 * Not public are the ranges of IANA's special-purpose registries, multicast, and reserved ranges.
 * Among them are this host, private and shared networks, and link-local addresses (cloud metadata).
 * So are the IPv6 addresses by which a gateway reaches an IPv4 address (NAT64, Teredo, 6to4).
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
export class AllowedNetworks {
  private readonly allowed: BlockList;

  /** @param networks CIDR blocks, e.g. `10.1.0.0/16`, or single addresses. */
  constructor(networks: readonly string[]) {
    this.allowed = listOf(networks);
  }

  /**
   * @param address A literal IP address. An IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`) is
   *   judged as IPv4.
   * @returns false also for a text that is no IP address, and for an address with a zone, such as
   *   `fe80::1%eth0`.
   */
  mayReach(address: string): boolean {
    if (isIP(address) === 0 || address.includes('%')) return false;
    const ip = ipaddr.process(address);
    const [plain, family] = ip.kind() === 'ipv4' ? [ip.toString(), 'ipv4' as const] : [address, 'ipv6' as const];
    if (this.allowed.check(plain, family)) return true;
    return ip.range() === 'unicast' && !alsoSpecial.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}

/** A CIDR block or a single address. */
export const networkPattern = /^[0-9a-fA-F:.]+(?:\/\d{1,3})?$/;
