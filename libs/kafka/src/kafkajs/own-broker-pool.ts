/**
 * Makes every client of this process stand a broker that vanishes without closing its connections:
 * a frozen process, a machine without power, a cut network.
 *
 * The client of kafkajs trusts such a broker for minutes. It asks any connected broker for metadata
 * and waits for 30 s, then may choose the same one again. A failed bootstrap server is only left
 * alone if it refuses the connection. A login has no timeout. These functions replace the ones at
 * fault, in the same way as `own-records.ts`. The rules are:
 *
 * 1. A question that any broker can answer is asked of one. After {@link hedgeMs} without an answer
 *    another one is asked beside it. The first answer counts.
 * 2. A broker that was too slow once is asked last, until it answers again.
 * 3. A connection is closed after a request without an answer, as the clients of Apache Kafka do.
 * 4. Connecting ends within the connection timeout: with TLS, versions and login.
 * 5. Times are measured with the timers of Node.js, which no change of the clock moves.
 *
 * @see docs/adr/0026-what-we-believe-of-the-kafka-client.md
 */
import { createRequire } from 'node:module';
import { answerOf, apiKeys, type AskedBroker, errorOf, type Exchange } from './kafka-answers.ts';

/** Metadata as brokers send it. */
export interface BrokerMetadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number; readonly rack: string }[];
  readonly topicMetadata: readonly {
    readonly topicErrorCode: number;
    readonly topic: string;
    readonly partitionMetadata: readonly {
      readonly partitionId: number;
      readonly leader: number;
    }[];
  }[];
}

interface Connection {
  readonly requestTimeout: number;
  readonly broker: string;
  readonly socket?: { destroy(): void };
  readonly authHandlers: { onError(): void } | null;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  isConnected(): boolean;
  rejectRequests(error: Error): void;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  send(exchange: object): Promise<unknown>;
}

interface ConnectionPool {
  readonly host: string;
  readonly port: number;
  rack: string;
  readonly connectionTimeout: number;
  readonly pool: readonly Connection[];
  getConnection(index: number): Promise<Connection>;
  getConnectionByRequest(exchange: object): Promise<Connection>;
  send<Decoded, Answer>(exchange: Exchange<Decoded, Answer>): Promise<Answer>;
}

/** One broker, with its connections. */
export interface PoolBroker extends AskedBroker {
  nodeId: string | number | null;
  versions: object | null;
  connectionPool: ConnectionPool;
  isConnected(): boolean;
  connect(): Promise<void>;
  metadata(topics: readonly string[]): Promise<BrokerMetadata>;
}

/** The brokers that a client knows, and the metadata. */
export interface BrokerPool {
  brokers: Record<string, PoolBroker>;
  metadata: BrokerMetadata | null;
  metadataExpireAt: number | null;
  readonly metadataMaxAge: number;
  readonly rootLogger: object;
  readonly logger: { error(message: string, facts: object): void };
  readonly retrier: <Answer>(
    step: (bail: (error: unknown) => void, retryCount: number, retryTime: number) => Promise<Answer | void>,
  ) => Promise<Answer>;
  readonly connectionPoolBuilder: { build(address?: object): Promise<ConnectionPool> };
  createBroker(options: object): PoolBroker;
  hasConnectedBrokers(): boolean;
  refreshMetadata(topics: readonly string[]): Promise<void>;
  findBroker(broker: { readonly nodeId: string | number }): Promise<PoolBroker>;
}

interface ClientError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
}

const require = createRequire(import.meta.url);
const { KafkaJSConnectionError, KafkaJSRequestTimeoutError } = require('kafkajs/src/errors') as {
  readonly KafkaJSConnectionError: new (message: string, facts: object) => ClientError;
  readonly KafkaJSRequestTimeoutError: new (message: string, facts: object) => ClientError;
};
/** Time without an answer after which another broker is asked too, in milliseconds. */
const hedgeMs = 500;
/** More bootstrap servers than this are not tried for one question. */
const seedsMax = 10;

/** Brokers that did not answer in time, and have not answered since. */
const slowBrokers = new WeakSet<PoolBroker>();
/** The bootstrap servers of each pool, once they were needed. */
const bootstrapServers = new WeakMap<BrokerPool, PoolBroker[]>();

/**
 * Asks any broker for metadata with the error codes of single topics and partitions, and remembers
 * the brokers that it tells.
 * @param topics none for all topics.
 * @throws the error of the last broker if none answers.
 */
export async function learnMetadata(pool: BrokerPool, topics: readonly string[]): Promise<BrokerMetadata> {
  const metadata = await askAny(pool, async (broker) =>
    answerOf<BrokerMetadata>(broker, 'Metadata', { topics, allowAutoTopicCreation: false }),
  );
  await meetBrokers(pool, metadata);
  return metadata;
}

/** Closes the connections to a broker at once; requests in flight fail. */
function closeConnections({ connectionPool }: PoolBroker, reason: string): void {
  for (const connection of connectionPool.pool)
    dropConnection(connection, new KafkaJSConnectionError(reason, { broker: connection.broker }));
}

/**
 * Repeats a step with new connections if a login came too soon after another one. Brokers take one
 * login a second on a connection; a session shorter than kafkajs expects causes more.
 */
async function loggedIn<Answer>(connections: readonly Connection[], step: () => Promise<Answer>): Promise<Answer> {
  try {
    return await step();
  } catch (error) {
    if ((error as ClientError).type !== 'ILLEGAL_SASL_STATE') throw error;
    for (const connection of connections)
      dropConnection(connection, new KafkaJSConnectionError('Closed for a new login', { broker: connection.broker }));
    return step();
  }
}

function dropConnection(connection: Connection, error: Error): void {
  connection.authHandlers?.onError();
  connection.rejectRequests(error);
  void connection.disconnect();
  connection.socket?.destroy();
}

/** Connects a broker within its connection timeout. */
async function connectInTime(broker: PoolBroker): Promise<void> {
  if (broker.isConnected()) return;
  const { host, port, connectionTimeout, pool } = broker.connectionPool;
  const isConnected = (): boolean => pool.some((connection) => connection.isConnected());
  // Another version of Kafka may have been started at this address.
  if (!isConnected()) broker.versions = null;
  const facts = { broker: `${host}:${port}` };
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      closeConnections(broker, 'Closed without an answer');
      reject(new KafkaJSConnectionError('Connection timeout', facts));
    }, connectionTimeout);
  });
  try {
    await Promise.race([loggedIn(pool, () => broker.connect()), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks brokers, one after the other, until one answers; see rules 1 and 2. An error that a broker
 * answered with is an answer.
 * @throws the error of the answer; the error of the last broker if none answers.
 */
async function askAny<Answer>(pool: BrokerPool, question: (broker: PoolBroker) => Promise<Answer>): Promise<Answer> {
  const candidates = candidatesOf(pool);
  return new Promise<Answer>((resolve, reject) => {
    let asked = 0;
    let isOver = false;
    let lastError: unknown;
    let timer: NodeJS.Timeout | undefined;
    const end = (settle: () => void): void => {
      isOver = true;
      clearTimeout(timer);
      settle();
    };
    const ask = async (broker: PoolBroker): Promise<void> => {
      try {
        await connectInTime(broker);
        const answer = await question(broker);
        slowBrokers.delete(broker);
        end(() => resolve(answer));
      } catch (error) {
        const { type, retriable } = error as ClientError;
        if (type !== undefined || retriable === false) return end(() => reject(error as Error));
        slowBrokers.add(broker);
        lastError = error;
        asked -= 1;
        await next();
      }
    };
    const next = async (): Promise<void> => {
      clearTimeout(timer);
      if (isOver) return;
      const { value: broker, done } = await candidates.next();
      if (done === true) {
        if (asked === 0) end(() => reject(lastError as Error));
        return;
      }
      asked += 1;
      timer = setTimeout(() => {
        slowBrokers.add(broker);
        void next();
      }, hedgeMs);
      void ask(broker);
    };
    void next().catch((error: unknown) => end(() => reject(error as Error)));
  });
}

/** Known brokers, then the bootstrap servers. */
async function* candidatesOf(pool: BrokerPool): AsyncGenerator<PoolBroker> {
  const known = inOrderOfTrust(Object.values(pool.brokers));
  yield* known;
  for (const seed of inOrderOfTrust(await seedsOf(pool))) if (!known.includes(seed)) yield seed;
}

let questions = 0;

/** Connected brokers that answer first, slow ones last; equals take turns. */
function inOrderOfTrust(brokers: readonly PoolBroker[]): PoolBroker[] {
  questions += 1;
  const first = questions % Math.max(1, brokers.length);
  const rank = (broker: PoolBroker): number => (slowBrokers.has(broker) ? 2 : 0) + (broker.isConnected() ? 0 : 1);
  return [...brokers.slice(first), ...brokers.slice(0, first)].toSorted((one, other) => rank(one) - rank(other));
}

/** The bootstrap servers. The builder hands out their addresses in turn. */
async function seedsOf(pool: BrokerPool): Promise<readonly PoolBroker[]> {
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
function allBrokers(pool: BrokerPool): ReadonlySet<PoolBroker> {
  return new Set([...Object.values(pool.brokers), ...(bootstrapServers.get(pool) ?? [])]);
}

/** Adds new brokers to the pool, and removes those that are gone. */
async function meetBrokers(pool: BrokerPool, { brokers }: BrokerMetadata): Promise<void> {
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

function isAt({ connectionPool }: PoolBroker, host: string, port: number): boolean {
  return connectionPool.host === host && connectionPool.port === port;
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
    for (const broker of allBrokers(this)) closeConnections(broker, 'Closed');
    Object.assign(this, { brokers: {}, metadata: null });
    bootstrapServers.delete(this);
  },

  removeBroker(this: BrokerPool, { host, port }: { readonly host: string; readonly port: number }): void {
    this.metadataExpireAt = null;
    this.brokers = Object.fromEntries(Object.entries(this.brokers).filter(([, broker]) => !isAt(broker, host, port)));
  },

  async refreshMetadata(this: BrokerPool, topics: readonly string[]): Promise<void> {
    await this.retrier(async (bail) => {
      try {
        const metadata = await askAny(this, async (broker) => broker.metadata(topics));
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

interface InFlight {
  readonly sentAt: number;
  readonly deadlineAt: number;
}
const inFlightOn = new WeakMap<Connection, Set<InFlight>>();

/** Sends a request and waits for its answer; see rule 3. */
async function sendOn<Answer>(connection: Connection, exchange: Exchange<unknown, Answer>): Promise<Answer> {
  const inFlight = inFlightOn.get(connection) ?? new Set<InFlight>();
  inFlightOn.set(connection, inFlight);
  const sentAt = performance.now();
  const timeoutMs = Math.max(connection.requestTimeout, exchange.requestTimeout ?? 0);
  const own = { sentAt, deadlineAt: sentAt + timeoutMs };
  inFlight.add(own);
  const giveUp = (): void => {
    // The broker answers in order: a request that it may hold for longer holds this one too.
    const now = performance.now();
    const heldMs = Math.max(...[...inFlight].filter((one) => one.sentAt < sentAt).map((one) => one.deadlineAt - now));
    if (heldMs > 0) timer = setTimeout(giveUp, heldMs + 1);
    else
      dropConnection(
        connection,
        new KafkaJSRequestTimeoutError(`Request ${exchange.request.apiName} timed out`, { broker: connection.broker }),
      );
  };
  let timer = setTimeout(giveUp, timeoutMs);
  try {
    return (await connection.send(exchange)) as Answer;
  } finally {
    clearTimeout(timer);
    inFlight.delete(own);
  }
}

const ownConnectionPool = {
  /**
   * A broker takes the next request of a connection only after it answered the one before. It may
   * hold fetches and produce requests for seconds: they have a connection of their own.
   */
  async getConnectionByRequest(this: ConnectionPool, { request }: Exchange<unknown, unknown>): Promise<Connection> {
    const isHeld = request.apiKey === apiKeys.Fetch || request.apiKey === apiKeys.Produce;
    return this.getConnection(isHeld ? 1 : 0);
  },

  /** Sends a request. Without an answer in time, it closes the connection. */
  async send<Answer>(this: ConnectionPool, exchange: Exchange<unknown, Answer>): Promise<Answer> {
    const connection = await this.getConnectionByRequest(exchange);
    return loggedIn([connection], async () => {
      await connection.connect();
      return sendOn(connection, exchange);
    });
  },
};

const connecting = new WeakMap<Connection, Promise<unknown>>();

/**
 * Connects once for all requests that wait for the connection. Forgets the half of a response that
 * the former connection left behind: it would be read as the head of the next response.
 */
function connectOnce(this: Connection, connect: () => Promise<unknown>): Promise<unknown> {
  if (this.isConnected()) return Promise.resolve(true);
  const attempt =
    connecting.get(this) ??
    (() => {
      Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: 4 });
      return connect.call(this).finally(() => connecting.delete(this));
    })();
  connecting.set(this, attempt);
  return attempt;
}

let isInPlace = false;

/**
 * Puts the functions of this file in the place of those of kafkajs, for all clients of this
 * process. Clients must be made with `enforceRequestTimeout: false`: the timeouts here replace it.
 */
export function useOwnBrokerPool(): void {
  if (isInPlace) return;
  isInPlace = true;
  const prototypeOf = (module: string) => (require(`kafkajs/src/${module}`) as { readonly prototype: object }).prototype;
  Object.assign(prototypeOf('cluster/brokerPool'), ownBrokerPool);
  Object.assign(prototypeOf('cluster'), ownCluster);
  Object.assign(prototypeOf('network/connectionPool'), ownConnectionPool);
  const connection = prototypeOf('network/connection') as Connection;
  const { connect } = connection;
  connection.connect = function connectOf(this: Connection) {
    return connectOnce.call(this, connect);
  };
}
