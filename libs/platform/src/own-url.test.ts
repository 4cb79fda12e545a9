import { expect, it } from 'vitest';
import { ownUrl } from './own-url.ts';

const interfaces = () => ({
  lo: [{ address: '127.0.0.1', family: 'IPv4' as const, internal: true, netmask: '', mac: '', cidr: null }],
  eth0: [
    { address: 'fe80::1', family: 'IPv6' as const, internal: false, netmask: '', mac: '', cidr: null, scopeid: 2 },
    { address: '10.0.0.7', family: 'IPv4' as const, internal: false, netmask: '', mac: '', cidr: null },
  ],
});
const listening = (address: string) => ({ address: () => ({ address, port: 8700, family: 'IPv4' }) });

it.each([
  ['one address', '10.1.1.1', 'http://10.1.1.1:8700'],
  ['one IPv6 address', '::1', 'http://[::1]:8700'],
  ['all IPv4 addresses', '0.0.0.0', 'http://10.0.0.7:8700'],
  ['all addresses', '::', 'http://10.0.0.7:8700'],
])('a server that listens on %s', (_what, address, url) => {
  expect(ownUrl(listening(address), interfaces)).toBe(url);
});

it('a server that does not listen has no address', () => {
  expect(ownUrl({ address: () => null }, interfaces)).toBeUndefined();
});
