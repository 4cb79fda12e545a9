/**
 * Goal: functions never reach the platform, also after a name of it has got another address.
 * Method: a manual clock, and lookups that the test answers.
 */
import { describe, expect, it } from 'vitest';
import { eventually, ManualClock } from '#testing';
import { PlatformAddresses } from './platform-addresses.ts';

function rig() {
  const names = new Map([
    ['broker.example', ['10.0.0.5', '10.0.0.6']],
    ['store.example', ['10.0.0.7']],
  ]);
  const rigged = {
    names,
    hosts: ['broker.example', 'store.example', '10.0.0.9', 'fd00::1'],
    clock: new ManualClock(),
    closed: [] as (readonly string[])[],
    warnings: [] as string[],
    isFilterBroken: false,
    watch: async () =>
      PlatformAddresses.watch({
        hosts: async () => rigged.hosts,
        clock: rigged.clock,
        onChange: async (addresses) => {
          if (rigged.isFilterBroken) throw new Error('no filter');
          rigged.closed.push(addresses);
        },
        warn: (reason) => rigged.warnings.push(reason),
        resolve: async (host) => {
          const found = names.get(host);
          if (found === undefined) throw new Error(`ENOTFOUND ${host}`);
          return found;
        },
        ownAddresses: () => ['127.0.0.1', '192.0.2.2', 'fe80::1'],
      }),
  };
  return rigged;
}

const atStart = ['10.0.0.5', '10.0.0.6', '10.0.0.7', '10.0.0.9', '192.0.2.2'];

describe('PlatformAddresses', () => {
  it('closes the addresses of hosts and of this machine before functions start', async () => {
    const { watch, closed } = rig();
    (await watch()).close();
    expect(closed).toEqual([atStart]);
  });

  it('follows a name to its new address', async () => {
    const { watch, closed, names, clock } = rig();
    const addresses = await watch();
    names.set('store.example', ['10.0.0.8']);
    await clock.advance(30_000);
    await eventually(() => closed.length === 2);
    expect(closed[1]).toEqual(['10.0.0.5', '10.0.0.6', '10.0.0.8', '10.0.0.9', '192.0.2.2']);
    addresses.close();
  });

  it('keeps the last addresses of a name that is not found any more, and says so', async () => {
    const { watch, closed, names, clock, warnings } = rig();
    const addresses = await watch();
    names.delete('broker.example');
    await clock.advance(30_000);
    await eventually(() => warnings.length === 1);
    expect([closed, warnings]).toEqual([[atStart], ['the address of broker.example was not found: ENOTFOUND broker.example']]);
    addresses.close();
  });

  it('tries again if the filter did not take the addresses', async () => {
    const rigged = rig();
    rigged.isFilterBroken = true;
    const addresses = await rigged.watch();
    expect(rigged.warnings).toEqual(['the addresses of the platform could not be closed to functions: no filter']);
    rigged.isFilterBroken = false;
    await rigged.clock.advance(30_000);
    await eventually(() => rigged.closed.length === 1);
    addresses.close();
  });
});
