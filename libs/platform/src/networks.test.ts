/**
 * Goal: no URL of a user reaches an address that is not public, in whatever form it is written.
 * Method: each special range of IANA's registries, at both ends and at random places in it, and
 * the addresses beside it. The table is written from the registries, not from the library.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AllowedNetworks, networkRules4 } from './networks.ts';

const v4Special: readonly [what: string, range: string][] = [
  ['this network', '0.0.0.0/8'],
  ['private', '10.0.0.0/8'],
  ['shared by carriers', '100.64.0.0/10'],
  ['loopback', '127.0.0.0/8'],
  ['link-local, with the metadata of clouds', '169.254.0.0/16'],
  ['private', '172.16.0.0/12'],
  ['protocol assignments', '192.0.0.0/24'],
  ['documentation', '192.0.2.0/24'],
  ['AS112', '192.31.196.0/24'],
  ['AMT', '192.52.193.0/24'],
  ['6to4 relays', '192.88.99.0/24'],
  ['private', '192.168.0.0/16'],
  ['AS112', '192.175.48.0/24'],
  ['benchmarking', '198.18.0.0/15'],
  ['documentation', '198.51.100.0/24'],
  ['documentation', '203.0.113.0/24'],
  ['multicast', '224.0.0.0/4'],
  ['reserved, and broadcast', '240.0.0.0/4'],
];

const v6Special: readonly [what: string, range: string][] = [
  ['unspecified, loopback and IPv4-compatible', '::/96'],
  ['IPv4 translated without state', '::ffff:0:0:0/96'],
  ['NAT64', '64:ff9b::/96'],
  ['NAT64 of one operator', '64:ff9b:1::/48'],
  ['discard', '100::/64'],
  ['dummy prefix', '100:0:0:1::/64'],
  ['Teredo', '2001::/32'],
  ['protocol assignments, benchmarking and ORCHID among them', '2001::/23'],
  ['documentation', '2001:db8::/32'],
  ['6to4', '2002::/16'],
  ['AS112', '2620:4f:8000::/48'],
  ['documentation', '3fff::/20'],
  ['segment routing', '5f00::/16'],
  ['unique local', 'fc00::/7'],
  ['link-local', 'fe80::/10'],
  ['site-local', 'fec0::/10'],
  ['multicast', 'ff00::/8'],
];

const none = new AllowedNetworks([]);
const v4Text = (bits: bigint) => [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.');
const v6Text = (bits: bigint) =>
  Array.from({ length: 8 }, (_, group) => ((bits >> BigInt(112 - 16 * group)) & 0xffffn).toString(16)).join(':');
const v4Bits = (text: string) => text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);

function v6Bits(text: string): bigint {
  const [head = '', tail = ''] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const zeros = Array(8 - groups(head).length - groups(tail).length).fill('0');
  return [...groups(head), ...zeros, ...groups(tail)].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

function rangeOf(range: string): Range {
  const [address = '', prefix = ''] = range.split('/');
  const isV6 = address.includes(':');
  const first = isV6 ? v6Bits(address) : v4Bits(address);
  return { first, last: first + (1n << BigInt((isV6 ? 128 : 32) - Number(prefix))) - 1n };
}

const v4Ranges = v4Special.map(([, range]) => rangeOf(range));
const v6Ranges = v6Special.map(([, range]) => rangeOf(range));
const isIn = (ranges: readonly Range[], bits: bigint) => ranges.some(({ first, last }) => first <= bits && bits <= last);
/** The forms in which an IPv4 address may come mapped into IPv6. */
const mapped = (bits: bigint) => [`::ffff:${v4Text(bits)}`, `::FFFF:${v4Text(bits)}`, v6Text((0xffffn << 32n) | bits)];
const reached = (texts: readonly string[], networks = none) => texts.filter((text) => networks.mayReach(text));

describe('AllowedNetworks', () => {
  it.each(v4Special)('refuses IPv4 addresses of the range %s (%s), plain and mapped into IPv6', (_what, range) => {
    const { first, last } = rangeOf(range);
    const forms = (bits: bigint) => [v4Text(bits), ...mapped(bits)];
    expect(reached([...forms(first), ...forms(last)])).toEqual([]);
    fc.assert(fc.property(fc.bigInt(first, last), (bits) => reached(forms(bits)).length === 0));
  });

  it.each(v6Special)('refuses IPv6 addresses of the range %s (%s)', (_what, range) => {
    const { first, last } = rangeOf(range);
    expect(reached([v6Text(first), v6Text(last)])).toEqual([]);
    fc.assert(fc.property(fc.bigInt(first, last), (bits) => !none.mayReach(v6Text(bits))));
  });

  const canBeAllowed = [...v4Special, ...v6Special].filter(([what]) => !what.startsWith('link-local'));
  it.each(canBeAllowed)('reaches an address of the range %s (%s) if its network is allowed', (_what, range) => {
    const { first, last } = rangeOf(range);
    const texts = [first, last].map(range.includes(':') ? v6Text : v4Text);
    expect(reached(texts, new AllowedNetworks([range]))).toEqual(texts);
  });

  it('reaches exactly the IPv4 addresses that are in no special range', () => {
    fc.assert(fc.property(fc.bigInt(0n, 0xffff_ffffn), (bits) => none.mayReach(v4Text(bits)) === !isIn(v4Ranges, bits)));
    const beside = v4Ranges
      .flatMap(({ first, last }) => [first - 1n, last + 1n])
      .filter((bits) => bits >= 0n && bits >> 32n === 0n);
    for (const bits of beside) expect([v4Text(bits), none.mayReach(v4Text(bits))]).toEqual([v4Text(bits), !isIn(v4Ranges, bits)]);
  });

  it('reaches exactly the global unicast IPv6 addresses that are in no special range', () => {
    const { first, last } = rangeOf('2000::/3');
    fc.assert(fc.property(fc.bigInt(first, last), (bits) => none.mayReach(v6Text(bits)) === !isIn(v6Ranges, bits)));
    const beside = v6Ranges
      .flatMap((range) => [range.first - 1n, range.last + 1n])
      .filter((bits) => first <= bits && bits <= last);
    for (const bits of beside) expect([v6Text(bits), none.mayReach(v6Text(bits))]).toEqual([v6Text(bits), !isIn(v6Ranges, bits)]);
  });

  it.each([
    '169.254.169.254',
    '169.254.170.2',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
    'fe80::a9fe:a9fe',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
  ])('refuses the metadata service of a cloud at %s, though every network is allowed', (address) => {
    expect(none.mayReach(address)).toBe(false);
    expect(new AllowedNetworks(['0.0.0.0/0', '::/0']).mayReach(address)).toBe(false);
  });

  it('refuses a denied network, though it is public or allowed', () => {
    const networks = new AllowedNetworks(['10.0.0.0/8'], ['10.0.0.5', '1.1.1.0/24', '2606:4700::/32']);
    const texts = ['10.0.0.5', '::ffff:10.0.0.5', '1.1.1.1', '2606:4700::1111'];
    expect(reached([...texts, '10.0.0.6', '1.1.2.1'], networks)).toEqual(['10.0.0.6', '1.1.2.1']);
  });

  it.each([
    'localhost',
    '',
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    'fe80::1%eth0',
    '2606:4700::1111%1',
    '::8.8.8.8',
    '1.1.1.1/32',
  ])('refuses %j, which is no plain IP address or has a deprecated form', (address) => {
    expect(none.mayReach(address)).toBe(false);
  });

  it.each(['1.1.1.1', '172.32.0.1', '2606:4700::1111', '2001:200::1', '2003::1', '::ffff:1.1.1.1', '::ffff:101:101'])(
    'reaches the public address %s',
    (address) => {
      expect(none.mayReach(address)).toBe(true);
    },
  );

  it('reaches the addresses of allowed networks, mapped into IPv6 too, and no others', () => {
    const networks = new AllowedNetworks(['10.1.0.0/16', '127.0.0.1', 'fd00:1::/32']);
    const texts = ['10.1.2.3', '::ffff:10.1.2.3', '::ffff:a01:203', '127.0.0.1', 'fd00:1:2::3'];
    expect(reached([...texts, '10.2.2.3', '127.0.0.2', '::ffff:10.2.2.3', 'fd00:2::3'], networks)).toEqual(texts);
  });

  it.each([
    ['http://127.0.0.1:80/a', '127.0.0.1'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://[::1]:8080/', '::1'],
    ['https://localhost./', '127.0.0.1'],
    ['https://a.localhost/', '127.0.0.1'],
    ['https://1.1.1.1/', undefined],
    ['https://example.com/', undefined],
    ['https://127.0.0.1.example.com/', undefined],
  ])('refuses, without DNS, of %s the address %s', (url, address) => {
    expect(none.refusedAddressOf(new URL(url))).toBe(address);
  });

  it.each(['127.0.0.1', '::1'])('leaves localhost to the lookup if %s is allowed', (address) => {
    expect(new AllowedNetworks([address]).refusedAddressOf(new URL('http://localhost/'))).toBeUndefined();
  });
});

describe('the words of a refusal', () => {
  const networks = new AllowedNetworks(['10.1.0.0/16'], ['10.1.2.0/24', '1.1.1.1']);

  it.each<[what: string, host: string, addresses: string[], words: string]>([
    ['a private address', '10.2.0.1', ['10.2.0.1'], '10.2.0.1 is not public; A_SETTING can allow its network'],
    ['a name of one', 'a.example', ['10.2.0.1'], 'a.example has no public address; A_SETTING can allow its network'],
    ['the metadata of a cloud', '169.254.169.254', ['169.254.169.254'], '169.254.169.254 is never reached'],
    ['public metadata', '168.63.129.16', ['168.63.129.16'], '168.63.129.16 is never reached'],
    ['a mapped link-local address', '::ffff:a9fe:1', ['::ffff:a9fe:1'], '::ffff:a9fe:1 is never reached'],
    ['a denied address', '10.1.2.3', ['10.1.2.3'], '10.1.2.3 is denied by FUNCTION_NETWORKS_DENIED'],
    ['a denied public address', '1.1.1.1', ['1.1.1.1'], '1.1.1.1 is denied by FUNCTION_NETWORKS_DENIED'],
    [
      'a name that a setting can open in part',
      'a.example',
      ['169.254.0.1', '10.1.2.3', '::1'],
      'a.example has no public address; A_SETTING can allow its network',
    ],
  ])('name the setting that helps, if one does: %s', (_what, host, addresses, words) => {
    expect(networks.refusalOf(host, addresses, 'A_SETTING')).toBe(words);
  });
});

describe('networkRules4', () => {
  it('decides as AllowedNetworks does', () => {
    const allowed = ['10.1.0.0/16', '192.168.1.1', 'fd00::/8'];
    const denied = ['10.1.2.0/24', '1.1.1.1', '2606:4700::/32'];
    const networks = new AllowedNetworks(allowed, denied);
    const rules = networkRules4(allowed, denied);
    const lists = [rules.never, rules.denied, rules.allowed, rules.special].map((blocks) =>
      blocks.map((block) => rangeOf(block.includes('/') ? block : `${block}/32`)),
    );
    const verdicts = [false, false, true, false];
    const decided = (bits: bigint) => verdicts[lists.findIndex((ranges) => isIn(ranges, bits))] ?? true;
    const edges = lists.flat().flatMap(({ first, last }) => [first - 1n, first, last, last + 1n]);
    const addresses = edges.filter((bits) => bits >= 0n && bits >> 32n === 0n);
    expect(addresses.filter((bits) => networks.mayReach(v4Text(bits)) !== decided(bits)).map(v4Text)).toEqual([]);
    fc.assert(fc.property(fc.bigInt(0n, 0xffff_ffffn), (bits) => networks.mayReach(v4Text(bits)) === decided(bits)));
  });
});
