import kafkajs from 'kafkajs';
import { socketFactoryOf } from './kafka-access.ts';
import { type ClusterConnection, newCluster } from './kafkajs-internals.ts';
import { useOwnBrokerPool } from './own-broker-pool.ts';

/** Connects to brokers as they are scripted in tests. @param addresses `host:port` of each. */
export async function clusterOf(addresses: readonly string[], topics: readonly string[]): Promise<ClusterConnection> {
  useOwnBrokerPool();
  const cluster = newCluster({
    brokers: addresses,
    clientId: 'test',
    logCreator: () => () => undefined,
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    socketFactory: socketFactoryOf({}),
  });
  await cluster.connect();
  await cluster.addMultipleTargetTopics(topics);
  return cluster;
}
