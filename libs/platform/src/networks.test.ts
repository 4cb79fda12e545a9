import { describe, expect, it } from 'vitest';
import { AllowedNetworks } from './networks.ts';

describe('AllowedNetworks', () => {
  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:FFFF:7F00:0001',
    '::7f00:1',
    '::ffff:0:7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2001:0:4136:e378::1',
    '2001:db8::1',
    '2002:7f00:1::1',
    '3fff::1',
    '5f00::1',
    'fec0::1',
    'fe80::1%eth0',
    'ff02::1',
    '192.88.99.1',
    '255.255.255.255',
    'localhost',
    '',
  ])('does not let %j be reached', (address) => {
    expect(new AllowedNetworks([]).mayReach(address)).toBe(false);
  });

  it.each(['1.1.1.1', '172.32.0.1', '2606:4700::1111', '2001:200::1', '2003::1', '::ffff:1.1.1.1', '::ffff:101:101'])(
    'lets %s be reached',
    (address) => {
      expect(new AllowedNetworks([]).mayReach(address)).toBe(true);
    },
  );

  it('lets an allowed network be reached, and no other', () => {
    const networks = new AllowedNetworks(['10.1.0.0/16', '127.0.0.1']);
    expect(['10.1.2.3', '10.2.2.3', '127.0.0.1', '127.0.0.2'].map((address) => networks.mayReach(address))).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});
