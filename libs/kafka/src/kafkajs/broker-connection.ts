/**
 * Connections to one broker: connecting, sending, closing. These functions replace those of
 * kafkajs, whose connections stay in use after they were closed, with a new socket. A late event of
 * the old socket closes the new one there. And a request that is written while the connection
 * closes waits for its timeout.
 *
 * C1. A socket counts only while it is the socket of its connection.
 * C2. Closing takes effect at once: all requests in flight fail, and so does connecting.
 * C3. A connection is closed after a request without an answer, as the clients of Apache Kafka do.
 * C4. A broker is connected once it is known which requests it has. All who need it meanwhile wait.
 * C5. A connection without waiting requests has no timer for them. That of kafkajs goes off each
 *     millisecond for as long as the process runs: 900 times a second in an idle service.
 * C6. Bytes that are no answer close the connection. kafkajs reads a negative size again and
 *     again. At an answer without a number it throws where nothing catches the error. A larger size
 *     than any answer has comes from another protocol, such as TLS or HTTP.
 */
import { ShortLivedMap } from '#platform';
import { apiKeys, type Exchange } from './kafka-answers.ts';
import {
  type ClientError,
  type Connection,
  type ConnectionPool,
  KafkaJSConnectionClosedError,
  KafkaJSConnectionError,
  KafkaJSRequestTimeoutError,
  type PoolBroker,
  type RequestQueue,
} from './kafkajs-pool.ts';

const throttleCheckMinMs = 10;
/** Bytes of a size, and of the number of a request. */
const [sizeBytes, numberBytes] = [4, 4] as const;
/** Largest answer. The first bytes of a TLS alert, read as a size, are 352 MB. */
const answerBytesMax = 256 * 1_048_576;

/** Ends an attempt to connect; see C2. */
const connecting = new WeakMap<Connection, { readonly attempt: Promise<true>; readonly fail: (error: Error) => void }>();

/** Connects once for all requests that wait for the connection. */
async function connect(this: Connection): Promise<true> {
  if (this.isConnected()) return true;
  const known = connecting.get(this);
  if (known !== undefined) return known.attempt;
  let fail = (_error: Error): void => undefined;
  const attempt = new Promise<true>((resolve, reject) => {
    fail = reject;
    openSocket(this, () => resolve(true));
  });
  connecting.set(this, { attempt, fail });
  const timer = setTimeout(() => {
    this.logError('Connection timeout');
    drop(this, new KafkaJSConnectionError('Connection timeout', { broker: this.broker }));
  }, this.connectionTimeout);
  return attempt.finally(() => {
    clearTimeout(timer);
    connecting.delete(this);
  });
}

function openSocket(connection: Connection, connected: () => void): void {
  const { host, port, ssl, broker, requestQueue } = connection;
  // Without it, requests that were answered stay in memory, with all their records.
  if (!(requestQueue.inflight instanceof ShortLivedMap)) requestQueue.inflight = new ShortLivedMap<number, unknown>();
  // The former socket may have left half of a response: it would be read as the head of the next.
  Object.assign(connection, { authenticatedAt: null, chunks: [], bytesBuffered: 0, bytesNeeded: sizeBytes });
  /** C1. */
  const isCurrent = (): boolean => connection.socket === socket;
  const socket = connection.socketFactory({
    host,
    port,
    ssl,
    onConnect: () => {
      if (!isCurrent()) return;
      connection.connectionStatus = 'connected';
      connected();
    },
  });
  connection.socket = socket;
  const closed = () => {
    if (isCurrent()) drop(connection, new KafkaJSConnectionClosedError('Closed connection', { host, port }));
  };
  socket.on('data', (data: Buffer) => {
    if (!isCurrent()) return;
    try {
      connection.processData(data);
    } catch (error) {
      // C6.
      const failure = new KafkaJSConnectionError(`No answer of Kafka: ${(error as Error).message}`, { broker });
      connection.logError(failure.message);
      drop(connection, failure);
    }
  });
  // An error may follow that says why no connection came about.
  socket.on('end', () => {
    if (connection.isConnected()) closed();
  });
  socket.on('close', closed);
  socket.on('error', (error: Error & { readonly code?: string }) => {
    if (!isCurrent()) return;
    const failure = new KafkaJSConnectionError(`Connection error: ${error.message}`, { broker, code: error.code });
    connection.logError(failure.message);
    drop(connection, failure);
  });
}

/** C2. */
function drop(connection: Connection, error: Error): void {
  const { socket } = connection;
  delete connection.socket;
  Object.assign(connection, { connectionStatus: 'disconnected', authenticatedAt: null });
  connection.authHandlers?.onError();
  connection.rejectRequests(error);
  connection.requestQueue.destroy();
  connecting.get(connection)?.fail(error);
  socket?.destroy();
}

/** In the place of functions of the connections of kafkajs. */
export const ownConnection = {
  connect,

  /** Hands on each whole answer. @throws Error at bytes that are none; see C6. */
  processData(this: Connection, data: Buffer): void {
    this.chunks.push(data);
    this.bytesBuffered += data.length;
    while (this.bytesNeeded <= this.bytesBuffered) {
      const [first = data] = this.chunks;
      const bytes = this.chunks.length > 1 ? Buffer.concat(this.chunks) : first;
      const size = bytes.readInt32BE(0);
      if (size < (this.authHandlers === null ? numberBytes : 0) || size > answerBytesMax)
        throw new RangeError(`it has ${size} bytes`);
      const end = sizeBytes + size;
      const rest = bytes.length < end ? bytes : bytes.subarray(end);
      Object.assign(this, { chunks: [rest], bytesBuffered: rest.length, bytesNeeded: bytes.length < end ? end : sizeBytes });
      if (bytes.length < end) return;
      // The login reads the size too.
      if (this.authHandlers !== null) return this.authHandlers.onSuccess(bytes.subarray(0, end));
      const correlationId = bytes.readInt32BE(sizeBytes);
      this.requestQueue.fulfillRequest({ size, correlationId, payload: bytes.subarray(sizeBytes + numberBytes, end) });
    }
  },

  disconnect(this: Connection): Promise<true> {
    drop(this, new KafkaJSConnectionError('Closed', { broker: this.broker }));
    return Promise.resolve(true);
  },
};

/** In the place of functions of the queues of requests of kafkajs. */
export const ownRequestQueue = {
  /** The broker asks to wait with the next request. */
  maybeThrottle(this: RequestQueue, pauseMs: number | null): void {
    if (pauseMs !== null && pauseMs > 0) this.throttledUntil = Math.max(this.throttledUntil, performance.now() + pauseMs);
  },

  canSendSocketRequestImmediately(this: RequestQueue): boolean {
    const { maxInFlightRequests, inflight, throttledUntil } = this;
    const hasRoom = maxInFlightRequests === null || inflight.size < maxInFlightRequests;
    return hasRoom && throttledUntil <= performance.now();
  },

  /** Sends waiting requests once the broker no longer asks to wait; see C5. */
  scheduleCheckPendingRequests(this: RequestQueue): void {
    if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
    const waitMs = Math.max(throttleCheckMinMs, this.throttledUntil - performance.now());
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    }, waitMs);
  },
};

/** Closes the connections to a broker at once; requests in flight fail. */
export function closeConnections({ connectionPool }: PoolBroker, reason: string): void {
  for (const connection of connectionPool.pool)
    drop(connection, new KafkaJSConnectionError(reason, { broker: connection.broker }));
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
      drop(connection, new KafkaJSConnectionError('Closed for a new login', { broker: connection.broker }));
    return step();
  }
}

/** Brokers that are being connected; see C4. */
const gettingReady = new WeakMap<PoolBroker, Promise<void>>();

/** Connects a broker within its connection timeout: with TLS, versions and login. */
export async function connectInTime(broker: PoolBroker): Promise<void> {
  const underWay = gettingReady.get(broker);
  if (underWay !== undefined) return underWay;
  if (broker.isConnected()) return;
  const attempt = getReady(broker).finally(() => gettingReady.delete(broker));
  gettingReady.set(broker, attempt);
  return attempt;
}

async function getReady(broker: PoolBroker): Promise<void> {
  const { host, port, connectionTimeout, pool } = broker.connectionPool;
  // Another version of Kafka may have been started at this address.
  if (!pool.some((connection) => connection.isConnected())) broker.versions = null;
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      closeConnections(broker, 'Closed without an answer');
      reject(new KafkaJSConnectionError('Connection timeout', { broker: `${host}:${port}` }));
    }, connectionTimeout);
  });
  try {
    await Promise.race([loggedIn(pool, () => broker.connect()), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

interface InFlight {
  readonly sentAt: number;
  readonly deadlineAt: number;
}
const inFlightOn = new WeakMap<Connection, Set<InFlight>>();

/** Sends a request and waits for its answer; see C3. */
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
      drop(
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

/** In the place of functions of the connection pools of kafkajs: one pool for each broker. */
export const ownConnectionPool = {
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
