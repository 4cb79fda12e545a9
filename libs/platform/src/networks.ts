import { BlockList, isIP } from 'node:net';

/**
 * Addresses that are not public: this machine, private and shared networks, link-local (cloud metadata), documentation, multicast, reserved;
 * and the IPv6 addresses that carry an IPv4 one which a gateway would reach: compatible, translated, NAT64, Teredo, 6to4.
 * @see IANA special-purpose address registries
 */
const unreachable: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return list;
}

const notPublic = listOf(unreachable);

/** Tells which addresses webhooks may reach: public ones, and those of the networks an operator allows. */
export class AllowedNetworks {
  private readonly allowed: BlockList;

  /** @param networks CIDR blocks, e.g. `10.1.0.0/16`. */
  constructor(networks: readonly string[]) {
    this.allowed = listOf(networks);
  }

  /** @param address a literal IP address; an IPv4 address in IPv6 clothes counts as what it is. */
  mayReach(address: string): boolean {
    const plain = address.toLowerCase().startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
    const version = isIP(plain);
    // A zone (`fe80::1%eth0`) is for addresses of a link, and no list can hold it.
    if (version === 0 || plain.includes('%')) return false;
    const family = version === 6 ? 'ipv6' : 'ipv4';
    return this.allowed.check(plain, family) || !notPublic.check(plain, family);
  }
}

/** A CIDR block or a single address. */
export const networkPattern = /^[0-9a-fA-F:.]+(?:\/\d{1,3})?$/;
