import { existsSync, readFileSync } from 'node:fs';
import type { EgressPolicy } from '../../egress-policy.ts';

/** The network of one instance. */
export interface InstanceNetwork {
  /** The start of a command line, which enters the network. Empty if nothing has to be entered. */
  readonly enter: readonly string[];
  /** Options of bubblewrap. */
  readonly bubblewrapOptions: readonly string[];
  /** Must be called once the instance has ended. */
  release(): void;
}

/** Gives each instance its network. */
export interface Egress {
  readonly policy: EgressPolicy;
  /** The content of /etc/resolv.conf of an instance. */
  readonly resolvConf: string;
  /** @throws Error if the kernel refuses one more network. */
  attach(): Promise<InstanceNetwork>;
  /** Closes the addresses of the platform to all instances, in place of those before. */
  setPlatformAddresses(addresses: readonly string[]): Promise<void>;
  close(): void;
}

/** A network that is the same for all instances. */
export function sameForAll(policy: EgressPolicy, resolvConf: string, network: InstanceNetwork): Egress {
  const setPlatformAddresses = async () => undefined;
  return { policy, resolvConf, attach: async () => network, setPlatformAddresses, close: () => undefined };
}

/** The network of the executor itself. */
export function unfiltered(): Egress {
  const resolvConf = existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : '';
  return sameForAll('unfiltered', resolvConf, { enter: [], bubblewrapOptions: [], release: () => undefined });
}
