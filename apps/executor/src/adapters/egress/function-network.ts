import { PlatformError } from '#contracts';
import type { Clock, Isolation, IsolationLevel, Logger } from '#platform';
import type { EgressPolicy } from '../../egress-policy.ts';
import { type Egress, unfiltered } from '../walls/egress.ts';
import { openEgress, type OpenedEgress } from './open-egress.ts';
import { PlatformAddresses } from './platform-addresses.ts';

/** Settings of the {@link FunctionNetwork}. */
export interface FunctionNetworkSettings {
  readonly isolation: Isolation;
  readonly egress: EgressPolicy;
  readonly connectionsPerInstanceMax: number;
  readonly functionNetworks: readonly string[];
  readonly functionNetworksDenied: readonly string[];
  readonly kafkaBrokers: readonly string[];
  readonly s3Endpoint?: string;
}

/** Settings and peers of the {@link FunctionNetwork}. */
export interface FunctionNetworkParts {
  readonly settings: FunctionNetworkSettings;
  /** Hosts of the brokers, as the cluster announces them. */
  readonly brokerHosts: () => Promise<readonly string[]>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the process, which is then started again. */
  readonly fatal: (error: unknown) => void;
  /** Default: {@link openEgress}. */
  readonly open?: typeof openEgress;
}

const remedy = 'FUNCTION_EGRESS=unfiltered gives functions the network of the executor';

/** The network of functions, which keeps them from the platform as long as it is open. */
export class FunctionNetwork {
  private policy: EgressPolicy;

  private constructor(
    private readonly opened: OpenedEgress,
    private readonly addresses: PlatformAddresses | undefined,
    private readonly logger: Logger,
  ) {
    this.policy = opened.egress.policy;
  }

  /**
   * Opens the network for walls of the kernel, if these walls are wanted.
   * @throws PlatformError `CONFIG_INVALID` if these walls are required and the network is not
   *   possible here.
   */
  static async open(parts: FunctionNetworkParts): Promise<FunctionNetwork> {
    const { settings, logger, fatal, open = openEgress } = parts;
    const { isolation, egress: policy } = settings;
    if (isolation === 'process' || isolation === 'none') return new FunctionNetwork({ egress: unfiltered() }, undefined, logger);
    const opened = await open({
      policy,
      networksAllowed: settings.functionNetworks,
      networksDenied: settings.functionNetworksDenied,
      connectionsMax: settings.connectionsPerInstanceMax,
      onInterrupted: (reason) => logger.warn({ reason }, 'a function process lost its network'),
      onLost: (reason) => fatal(new Error(`the network of functions ended: ${reason}`)),
    });
    if (opened.missing !== undefined && isolation === 'kernel')
      throw new PlatformError('CONFIG_INVALID', {
        details: { reason: `FUNCTION_EGRESS=${policy} is not possible here: ${opened.missing}; ${remedy}` },
      });
    const isFiltered = opened.egress.policy === 'public' || opened.egress.policy === 'allowed';
    return new FunctionNetwork(opened, isFiltered ? await keepFromPlatform(opened.egress, parts) : undefined, logger);
  }

  get egress(): Egress {
    return this.opened.egress;
  }

  /** The policy that functions feel. */
  get policyInForce(): EgressPolicy {
    return this.policy;
  }

  /** Must be called with the level of the walls: lower ones leave functions the network. */
  settle(level: IsolationLevel): void {
    if (level !== 'kernel') {
      this.close();
      this.policy = 'unfiltered';
    } else if (this.opened.missing !== undefined)
      this.logger.warn(`functions have no network: ${this.opened.missing}; ${remedy}`);
  }

  close(): void {
    this.addresses?.close();
    this.opened.egress.close();
  }
}

async function keepFromPlatform(
  egress: Egress,
  { settings: { kafkaBrokers, s3Endpoint }, brokerHosts, clock, logger }: FunctionNetworkParts,
): Promise<PlatformAddresses> {
  const configured = [
    ...kafkaBrokers.map((broker) => broker.replace(/:\d+$/, '')),
    ...(s3Endpoint === undefined ? [] : [new URL(s3Endpoint).hostname]),
  ];
  return PlatformAddresses.watch({
    hosts: async () => [...configured, ...(await brokerHosts())],
    clock,
    onChange: async (closed) => egress.setPlatformAddresses(closed),
    warn: (reason) => logger.warn({ reason }, 'functions may reach a new address of the platform until the next try'),
  });
}
