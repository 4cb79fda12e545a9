/**
 * Goal: functions have the network that the operator chose, or none, and never more. Method: real
 * networks, and a machine that refuses to make them.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { PretendInternet } from '../../../../../test/pretend-host.ts';
import { type EgressOptions, openEgress, type OpenedEgress } from './open-egress.ts';

const missing = await PretendInternet.missing();

describe('openEgress', () => {
  let opened: OpenedEgress | undefined;
  afterEach(() => opened?.egress.close());
  const open = async (given: Partial<EgressOptions>) => {
    opened = await openEgress({
      ...{ policy: 'public', networksAllowed: [], networksDenied: [], connectionsMax: 10 },
      ...{ onLost: () => undefined, onInterrupted: () => undefined },
      ...given,
    });
    return opened;
  };

  it.skipIf(missing !== undefined).each(['public', 'allowed'] as const)(
    `gives instances networks behind a filter with the policy %s${missing === undefined ? '' : ` (skipped: ${missing})`}`,
    async (policy) => {
      const { egress, missing: lacking } = await open({ policy });
      const { enter, bubblewrapOptions, release } = await egress.attach();
      release();
      expect([egress.policy, lacking, bubblewrapOptions]).toEqual([policy, undefined, []]);
      expect(enter.join(' ')).toMatch(/nsenter .*--net=/);
    },
  );

  it('gives instances no network if no network can be made, and says why', async () => {
    const { egress, missing: lacking } = await open({ hostPrefix: ['sh', '-c', 'echo a-reason >&2; exit 1', '--'] });
    expect(egress.policy).toBe('none');
    expect((await egress.attach()).bubblewrapOptions).toEqual(['--unshare-net']);
    // Without the tools the reason is another one.
    expect(lacking).toMatch(missing === undefined ? /a-reason/ : /./);
  });

  it('gives instances no network with the policy none', async () => {
    const { egress, missing: lacking } = await open({ policy: 'none' });
    expect([egress.policy, lacking, egress.resolvConf]).toEqual(['none', undefined, '']);
    expect((await egress.attach()).bubblewrapOptions).toEqual(['--unshare-net']);
  });

  it('leaves instances the network of the executor only with the policy unfiltered', async () => {
    const { egress } = await open({ policy: 'unfiltered' });
    const { enter, bubblewrapOptions } = await egress.attach();
    expect([egress.policy, enter, bubblewrapOptions]).toEqual(['unfiltered', [], []]);
  });
});
