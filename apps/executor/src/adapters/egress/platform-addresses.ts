import { lookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Clock, RepeatedWork } from '#platform';

/** Parts of {@link PlatformAddresses}. */
export interface PlatformAddressesParts {
  /** Names or addresses of the brokers and of the object store. */
  readonly hosts: () => Promise<readonly string[]>;
  readonly clock: Clock;
  /** @param addresses all IPv4 addresses of the platform. Called when they have changed. */
  readonly onChange: (addresses: readonly string[]) => Promise<void>;
  /** Called when names or addresses could not be found. Those known so far stay closed. */
  readonly warn: (reason: string) => void;
  /** Default: the lookup of the system. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Default: the addresses of the interfaces of this host. */
  readonly ownAddresses?: () => readonly string[];
}

const refreshMs = 30_000;

async function resolved(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, family: 4 })).map(({ address }) => address);
}

function ofThisHost(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}

/**
 * Follows addresses at which the platform can be reached: those of this host, of the brokers and of
 * the object store. Functions do not reach them on any port. An operator names the hosts of other
 * services in FUNCTION_NETWORKS_DENIED.
 */
export class PlatformAddresses {
  private readonly refreshes: RepeatedWork;
  private known = '';
  /** Addresses of each host by its last lookup that worked. */
  private readonly byHost = new Map<string, readonly string[]>();

  private constructor(private readonly parts: PlatformAddressesParts) {
    this.refreshes = new RepeatedWork(parts.clock, refreshMs, async () => this.refresh());
  }

  /** Resolves when `onChange` has got the addresses of the start. */
  static async watch(parts: PlatformAddressesParts): Promise<PlatformAddresses> {
    const addresses = new PlatformAddresses(parts);
    await addresses.refreshes.startNow();
    return addresses;
  }

  close(): void {
    this.refreshes.close();
  }

  private async refresh(): Promise<void> {
    const { onChange, warn } = this.parts;
    try {
      const all = await this.current();
      const text = all.join();
      if (text !== this.known) await onChange(all);
      this.known = text;
    } catch (error) {
      warn(`the addresses of the platform could not be closed to functions: ${(error as Error).message}`);
    }
  }

  private async current(): Promise<readonly string[]> {
    const { hosts, resolve = resolved, ownAddresses = ofThisHost, warn } = this.parts;
    const names = await hosts().catch((error: unknown) => {
      warn(`the brokers did not tell their hosts: ${String(error)}`);
      return [...this.byHost.keys()];
    });
    await Promise.all(
      [...new Set(names)].map(async (name) => {
        try {
          this.byHost.set(name, isIP(name) === 0 ? await resolve(name) : [name]);
        } catch (error) {
          warn(`the address of ${name} was not found: ${(error as Error).message}`);
        }
      }),
    );
    const found = [...ownAddresses(), ...[...this.byHost.values()].flat()];
    return [...new Set(found)].filter((address) => isIPv4(address) && !address.startsWith('127.')).toSorted();
  }
}
