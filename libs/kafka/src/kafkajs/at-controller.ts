import { withTimeout } from './broker-errors.ts';
import type { BrokerConnection, ClusterConnection } from './kafkajs-internals.ts';

/** A way to the brokers for single requests. */
export interface ControllerAccess {
  /** Makes a connection that is not connected yet. */
  readonly newCluster: () => ClusterConnection;
  /** The account in words, for errors. */
  readonly account: string;
  readonly timeoutMs: number;
}

/**
 * Asks the controller of the brokers over a connection of its own.
 * @throws PlatformError `BROKER_UNAVAILABLE`, and the errors of `ask`.
 */
export async function atController<Answer>(
  { newCluster, account, timeoutMs }: ControllerAccess,
  ask: (broker: BrokerConnection) => Promise<Answer>,
): Promise<Answer> {
  const cluster = newCluster();
  try {
    return await ask(await withTimeout(timeoutMs, 'connecting', connected(cluster), { account }));
  } finally {
    void cluster.disconnect().catch(() => undefined);
  }
}

async function connected(cluster: ClusterConnection): Promise<BrokerConnection> {
  await cluster.connect();
  await cluster.refreshMetadata();
  return cluster.findControllerBroker();
}
