/** The brokers that a pool of kafkajs knows: those of the metadata, and the bootstrap servers. */
import { closeConnections } from './broker-connection.ts';
import type { BrokerMetadata, BrokerPool, PoolBroker } from './kafkajs-pool.ts';

/** More bootstrap servers than this are not tried for one question. */
const seedsMax = 10;

/** The bootstrap servers of each pool, once they were needed. */
const bootstrapServers = new WeakMap<BrokerPool, PoolBroker[]>();

/** The bootstrap servers. The builder hands out their addresses in turn. */
export async function seedsOf(pool: BrokerPool): Promise<readonly PoolBroker[]> {
  const made = bootstrapServers.get(pool);
  if (made !== undefined) return made;
  const seeds: PoolBroker[] = [];
  bootstrapServers.set(pool, seeds);
  while (seeds.length < seedsMax) {
    const connectionPool = await pool.connectionPoolBuilder.build();
    const { host, port } = connectionPool;
    if (seeds.some((seed) => isAt(seed, host, port))) break;
    seeds.push(pool.createBroker({ connectionPool, logger: pool.rootLogger }));
  }
  return seeds;
}

/** All brokers to which the pool may have connections. */
export function allBrokers(pool: BrokerPool): ReadonlySet<PoolBroker> {
  return new Set([...Object.values(pool.brokers), ...(bootstrapServers.get(pool) ?? [])]);
}

/** Adds new brokers to the pool, and removes those that are gone. */
export async function meetBrokers(pool: BrokerPool, { brokers }: BrokerMetadata): Promise<void> {
  const known: Record<string, PoolBroker> = {};
  for (const { nodeId, host, port, rack } of brokers) {
    const before = [pool.brokers[nodeId], ...(bootstrapServers.get(pool) ?? [])].find(
      (one) => one !== undefined && isAt(one, host, port),
    );
    if (before !== undefined) known[nodeId] = Object.assign(before, { nodeId });
    else {
      const connectionPool = await pool.connectionPoolBuilder.build({ host, port, rack });
      known[nodeId] = pool.createBroker({ logger: pool.rootLogger, connectionPool, nodeId });
    }
  }
  const former = allBrokers(pool);
  pool.brokers = known;
  const kept = allBrokers(pool);
  for (const broker of former) if (!kept.has(broker)) closeConnections(broker, 'The broker left the cluster');
}

/** Closes all connections. The pool knows no broker any more. */
export function forgetBrokers(pool: BrokerPool): void {
  for (const broker of allBrokers(pool)) closeConnections(broker, 'Closed');
  Object.assign(pool, { brokers: {}, metadata: null });
  bootstrapServers.delete(pool);
}

/** True if a broker listens at this address. */
export function isAt({ connectionPool }: PoolBroker, host: string, port: number): boolean {
  return connectionPool.host === host && connectionPool.port === port;
}
