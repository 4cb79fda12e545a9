/**
 * Makes every client of this process stand a broker that vanishes without closing its connections:
 * a frozen process, a machine without power, a cut network.
 *
 * The client of kafkajs trusts such a broker for minutes. A failed bootstrap server is only left
 * alone if it refuses the connection. A login has no timeout. These functions replace the ones at
 * fault, in the same way as `own-records.ts`. The rules are:
 *
 * 1. A question that any broker can answer goes to several, if need be; see `ask-any-broker.ts`.
 * 2. The watch of `silent-brokers.ts` alone judges brokers. One that was too slow is asked last.
 * 3. Connections end as `broker-connection.ts` tells.
 * 4. Times are measured with the timers of Node.js, which no change of the clock moves.
 *
 * @see docs/adr/0026-what-we-believe-of-the-kafka-client.md
 */
import { askAny } from './ask-any-broker.ts';
import { connectInTime, ownConnection, ownConnectionPool, ownRequestQueue } from './broker-connection.ts';
import { answerOf, errorOf } from './kafka-answers.ts';
import {
  type BrokerMetadata,
  type BrokerPool,
  type ClientError,
  KafkaJSConnectionError,
  type PoolBroker,
  prototypeOf,
} from './kafkajs-pool.ts';
import { allBrokers, forgetBrokers, isAt, meetBrokers } from './known-brokers.ts';

/**
 * Asks any broker for metadata with the error codes of single topics and partitions, and remembers
 * the brokers that it tells.
 * @param topics none for all topics.
 * @throws the error of the last broker if none answers.
 */
export async function learnMetadata(pool: BrokerPool, topics: readonly string[]): Promise<BrokerMetadata> {
  const metadata = await askAny(pool, async (broker) =>
    withBrokers(broker, await answerOf<BrokerMetadata>(broker, 'Metadata', { topics, allowAutoTopicCreation: false })),
  );
  await meetBrokers(pool, metadata);
  return metadata;
}

/**
 * A broker that has just started may know no broker yet, and then it knows no topic either. Its
 * answer is none.
 */
function withBrokers({ connectionPool: { host, port } }: PoolBroker, metadata: BrokerMetadata): BrokerMetadata {
  if (metadata.brokers.length > 0) return metadata;
  throw new KafkaJSConnectionError('The broker knows of no broker yet', { broker: `${host}:${port}` });
}

const ownBrokerPool = {
  hasConnectedBrokers(this: BrokerPool): boolean {
    return [...allBrokers(this)].some((broker) => broker.isConnected());
  },

  async connect(this: BrokerPool): Promise<void> {
    if (this.hasConnectedBrokers()) return;
    await this.retrier(async (bail, retryCount, retryTime) => {
      try {
        await askAny(this, async () => undefined);
      } catch (error) {
        this.logger.error((error as Error).message, { retryCount, retryTime });
        if ((error as ClientError).retriable === true) throw error;
        bail(error);
      }
    });
  },

  /** Does not wait for answers: a broker that vanished gives none. */
  async disconnect(this: BrokerPool): Promise<void> {
    forgetBrokers(this);
  },

  removeBroker(this: BrokerPool, { host, port }: { readonly host: string; readonly port: number }): void {
    this.metadataExpireAt = null;
    this.brokers = Object.fromEntries(Object.entries(this.brokers).filter(([, broker]) => !isAt(broker, host, port)));
  },

  async refreshMetadata(this: BrokerPool, topics: readonly string[]): Promise<void> {
    await this.retrier(async (bail) => {
      try {
        const metadata = await askAny(this, async (broker) => withBrokers(broker, await broker.metadata(topics)));
        await meetBrokers(this, metadata);
        this.metadata = metadata;
        this.metadataExpireAt = performance.now() + this.metadataMaxAge;
      } catch (error) {
        if ((error as ClientError).type === 'LEADER_NOT_AVAILABLE') throw error;
        bail(error);
      }
    });
  },

  async refreshMetadataIfNecessary(this: BrokerPool, topics: readonly string[]): Promise<void> {
    const known = new Set(this.metadata?.topicMetadata.map(({ topic }) => topic));
    const isFresh = this.metadataExpireAt !== null && performance.now() <= this.metadataExpireAt;
    if (!isFresh || topics.some((topic) => !known.has(topic))) await this.refreshMetadata(topics);
  },

  async withBroker<Answer>(
    this: BrokerPool,
    question: (asked: { readonly nodeId: string | number | null; readonly broker: PoolBroker }) => Promise<Answer>,
  ): Promise<Answer> {
    return askAny(this, async (broker) => question({ nodeId: broker.nodeId, broker }));
  },

  async connectBroker(this: BrokerPool, broker: PoolBroker): Promise<void> {
    await connectInTime(broker);
  },
};

const ownCluster = {
  /** Lists topics even while a partition of one of them has no leader. */
  async metadata(
    this: { readonly brokerPool: BrokerPool },
    { topics = [] }: { readonly topics?: readonly string[] } = {},
  ): Promise<BrokerMetadata> {
    const metadata = await learnMetadata(this.brokerPool, topics);
    const refused = metadata.topicMetadata.find(({ topicErrorCode }) => topics.length > 0 && topicErrorCode !== 0);
    if (refused !== undefined) throw errorOf(refused.topicErrorCode);
    return metadata;
  },
};

let isInPlace = false;

/**
 * Puts these functions in the place of those of kafkajs, for all clients of this process. Clients
 * must be made with `enforceRequestTimeout: false`: the timeouts here replace it.
 */
export function useOwnBrokerPool(): void {
  if (isInPlace) return;
  isInPlace = true;
  Object.assign(prototypeOf('cluster/brokerPool'), ownBrokerPool);
  Object.assign(prototypeOf('cluster'), ownCluster);
  Object.assign(prototypeOf('network/connectionPool'), ownConnectionPool);
  Object.assign(prototypeOf('network/connection'), ownConnection);
  Object.assign(prototypeOf('network/requestQueue'), ownRequestQueue);
}
