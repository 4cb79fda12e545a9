/**
 * Goal: no function has more network than the operator chose, and the operator hears when it has
 * less. Method: an opener that the test answers, and a network that notes what it is told.
 */
import { describe, expect, it } from 'vitest';
import type { Isolation, Logger } from '#platform';
import { ManualClock } from '#testing';
import type { EgressPolicy } from '../../egress-policy.ts';
import { FunctionNetwork } from './function-network.ts';
import type { EgressOptions, OpenedEgress } from './open-egress.ts';

function rig(isolation: Isolation, policy: EgressPolicy, missing?: string) {
  const rigged = {
    opened: [] as EgressOptions[],
    closedAddresses: [] as (readonly string[])[],
    isClosed: false,
    warnings: [] as string[],
    fatal: [] as unknown[],
    open: async () =>
      FunctionNetwork.open({
        settings: {
          isolation,
          egress: policy,
          connectionsPerInstanceMax: 7,
          functionNetworks: ['10.0.0.0/8'],
          functionNetworksDenied: ['10.0.0.9'],
          kafkaBrokers: ['10.0.0.5:9092'],
          s3Endpoint: 'http://10.0.0.6:9000',
        },
        brokerHosts: async () => ['10.0.0.7'],
        clock: new ManualClock(),
        logger: { warn: (...said: unknown[]) => rigged.warnings.push(String(said.at(-1))) } as unknown as Logger,
        fatal: (error) => rigged.fatal.push(error),
        async open(options): Promise<OpenedEgress> {
          rigged.opened.push(options);
          const egress = {
            policy: missing === undefined ? options.policy : ('none' as const),
            resolvConf: '',
            attach: async () => ({ enter: [], bubblewrapOptions: [], release: () => undefined }),
            setPlatformAddresses: async (addresses: readonly string[]) => void rigged.closedAddresses.push(addresses),
            close: () => void (rigged.isClosed = true),
          };
          return missing === undefined ? { egress } : { egress, missing };
        },
      }),
  };
  return rigged;
}

describe('FunctionNetwork', () => {
  it('opens the policy of the operator, and closes brokers and stores to functions', async () => {
    const { open, opened, closedAddresses } = rig('auto', 'public');
    const network = await open();
    network.settle('kernel');
    const networks = { networksAllowed: ['10.0.0.0/8'], networksDenied: ['10.0.0.9'] };
    expect(opened).toMatchObject([{ policy: 'public', connectionsMax: 7, ...networks }]);
    expect(closedAddresses[0]).toEqual(expect.arrayContaining(['10.0.0.5', '10.0.0.6', '10.0.0.7']));
    expect(network.policyInForce).toBe('public');
    network.close();
  });

  it.each(['process', 'none'] as const)('opens nothing for walls of the level %s', async (isolation) => {
    const { open, opened } = rig(isolation, 'public');
    const network = await open();
    network.settle(isolation);
    expect([opened, network.policyInForce]).toEqual([[], 'unfiltered']);
  });

  it('closes the network again if the walls of the kernel do not work', async () => {
    const rigged = rig('auto', 'public');
    const network = await rigged.open();
    network.settle('process');
    expect([rigged.isClosed, network.policyInForce]).toEqual([true, 'unfiltered']);
  });

  it('says in one line what is missing if functions have no network', async () => {
    const { open, warnings } = rig('auto', 'public', 'slirp4netns is not installed');
    const network = await open();
    expect(warnings).toEqual([]);
    network.settle('kernel');
    expect(network.policyInForce).toBe('none');
    expect(warnings).toEqual([
      'functions have no network: slirp4netns is not installed; FUNCTION_EGRESS=unfiltered gives functions the network of the executor',
    ]);
  });

  it('refuses to start if walls of the kernel are required and the network is missing', async () => {
    const { open } = rig('kernel', 'public', 'slirp4netns is not installed');
    await expect(open()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('slirp4netns') });
  });

  it('ends the executor when the network is lost, so that no function runs without its rules', async () => {
    const { open, opened, fatal } = rig('auto', 'public');
    (await open()).close();
    opened[0]?.onLost('SIGKILL');
    expect(fatal).toEqual([new Error('the network of functions ended: SIGKILL')]);
  });
});
