/**
 * A Kafka cluster of TCP servers in this process, for faults that real brokers do not show on
 * demand. By themselves the brokers behave well: records can be written and read, groups joined,
 * offsets committed. A test changes that:
 *
 * ```ts
 * // Broker 1 leads partition 0 of `orders`, broker 2 leads partition 1.
 * const brokers = await ScriptedBrokers.start({ brokers: 2, topics: { orders: [1, 2] } });
 * // ... connect a client to `brokers.addresses` ...
 * brokers.script('Produce', async ({ broker }, usual) => (broker === 1 ? 'silence' : usual()));
 * brokers.freeze(2); // As SIGSTOP does: it accepts connections and bytes, and answers nothing.
 * brokers.lead('orders', 1, 1); // Now broker 1 leads partition 1.
 * brokers.received('Produce'); // All requests of that kind, in order.
 * brokers.log('orders', 1).end; // The records that really were written.
 * await brokers.stop();
 * ```
 *
 * A script gets each request of its kind and returns the answer. That is `usual()` or a changed
 * copy of it, `'silence'` for no answer, or `'close'` to close the connection. `'half'` sends half
 * of the usual answer and closes the connection. `usual()` takes effect even if the script throws
 * its answer away: a record is then written and not acknowledged.
 *
 * As real brokers do, a broker takes the next request of a connection only after it answered the
 * one before. So `'silence'` silences its whole connection.
 *
 * The versions of requests are those of `kafka-requests.ts`. Scripted brokers have no accounts, no
 * TLS and no retention. The member that joined last leads its group.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type KafkaApi, kafkaRequests, type ResponseOf } from './kafka-requests.ts';
import type { PartitionLog } from './partition-log.ts';
import { ClusterState, type Received } from './usual-answers.ts';
import { type Field, int16, int32, nullableString, readAll, struct } from './wire-fields.ts';

/** The answer of a script. */
export type ScriptedAnswer<Api extends KafkaApi> = ResponseOf<Api> | 'silence' | 'close' | 'half';

/** Answers one kind of request in the place of the brokers. */
export type Script<Api extends KafkaApi> = (
  received: Received<Api>,
  usual: () => Promise<ResponseOf<Api>>,
) => Promise<ScriptedAnswer<Api>>;

const header = struct({ key: int16, version: int16, correlationId: int32, clientId: nullableString });

interface OneBroker {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  isFrozen: boolean;
}

/** See the head of this file. */
export class ScriptedBrokers {
  private readonly brokers = new Map<number, OneBroker>();
  private readonly scripts = new Map<KafkaApi, Script<KafkaApi>>();
  private readonly requests: { readonly api: KafkaApi; readonly received: Received<KafkaApi> }[] = [];
  private readonly state = new ClusterState();

  /**
   * Starts the brokers, with ids from 1.
   * @param options `topics` tells the leader of each partition.
   */
  static async start(options: {
    readonly brokers: number;
    readonly topics?: Readonly<Record<string, readonly number[]>>;
  }): Promise<ScriptedBrokers> {
    const cluster = new ScriptedBrokers();
    for (let id = 1; id <= options.brokers; id += 1) await cluster.listen(id);
    for (const [topic, leaders] of Object.entries(options.topics ?? {})) cluster.state.addTopic(topic, leaders);
    return cluster;
  }

  /** `host:port` of each broker, in the order of their ids. */
  get addresses(): string[] {
    return [...this.state.addresses.values()].map(({ host, port }) => `${host}:${port}`);
  }

  /** Replaces the script of one kind of request; see the head of this file. */
  script<Api extends KafkaApi>(api: Api, script: Script<Api>): void {
    this.scripts.set(api, script as unknown as Script<KafkaApi>);
  }

  /** Removes the script of a request: the brokers behave well again. */
  unscript(api: KafkaApi): void {
    this.scripts.delete(api);
  }

  /** Stops a broker as SIGSTOP does. It accepts connections and bytes, and answers nothing. */
  freeze(id: number): void {
    const broker = this.broker(id);
    broker.isFrozen = true;
    for (const socket of broker.sockets) socket.pause();
  }

  /** Lets a frozen broker go on, with the requests that it was sent meanwhile. */
  thaw(id: number): void {
    const broker = this.broker(id);
    broker.isFrozen = false;
    for (const socket of broker.sockets) socket.resume();
  }

  /** Moves a partition to another leader; -1 for none. */
  lead(topic: string, partition: number, leader: number): void {
    const found = this.state.topics.get(topic)?.[partition];
    if (found === undefined) throw new Error(`No partition ${partition} of ${topic}`);
    found.leader = leader;
  }

  /** Adds a partition to a topic, as its last. */
  addPartition(topic: string, leader: number): void {
    this.state.addPartition(topic, leader);
  }

  /** Moves all groups to another coordinator, which knows their members and commits. */
  coordinate(id: number): void {
    this.state.coordinator = id;
  }

  deleteTopic(topic: string): void {
    this.state.topics.delete(topic);
  }

  /** The written records of a partition. */
  log(topic: string, partition: number): PartitionLog {
    const found = this.state.topics.get(topic)?.[partition];
    if (found === undefined) throw new Error(`No partition ${partition} of ${topic}`);
    return found.log;
  }

  /** The committed offset of a group; undefined if it has none. */
  committed(groupId: string, topic: string, partition: number): bigint | undefined {
    return this.state.group(groupId).commits.get(`${topic}/${partition}`)?.offset;
  }

  /** The requests of this kind that brokers have read so far, in order. */
  received<Api extends KafkaApi>(api: Api): readonly Received<Api>[] {
    return this.requests.filter((one) => one.api === api).map(({ received }) => received as unknown as Received<Api>);
  }

  /** Closes all connections and servers. */
  async stop(): Promise<void> {
    this.state.wake();
    await Promise.all(
      [...this.brokers.values()].map(async ({ server, sockets }) => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      }),
    );
  }

  private broker(id: number): OneBroker {
    const broker = this.brokers.get(id);
    if (broker === undefined) throw new Error(`No broker ${id}`);
    return broker;
  }

  private async listen(id: number): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      if (broker.isFrozen) socket.pause();
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      this.serve(id, socket);
    });
    const broker = { server, sockets, isFrozen: false };
    this.brokers.set(id, broker);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.state.addresses.set(id, { host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  }

  /** Answers the requests of one connection, one after the other. */
  private serve(id: number, socket: Socket): void {
    let received = Buffer.alloc(0);
    let turn = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const end = 4 + received.readInt32BE(0);
        const message = received.subarray(4, end);
        received = received.subarray(end);
        turn = turn.then(() => this.handle(id, socket, message)).catch((error: unknown) => void socket.destroy(error as Error));
      }
    });
  }

  private async handle(id: number, socket: Socket, message: Buffer): Promise<void> {
    const { key, version, correlationId, clientId } = readAll(header, message);
    const [api, { request: requestFields, response: responseFields, version: known }] = requestOf(key);
    // A question for versions is a sign of life too: its form does not matter to those who ask.
    if (version !== known && api !== 'ApiVersions') throw new Error(`${api} came in version ${version} instead of ${known}`);
    const headerBytes = header.write({ key, version, correlationId, clientId }).length;
    const request = readAll(
      requestFields as { read: (typeof requestFields)['read']; write: never },
      message.subarray(headerBytes),
    );
    const received = { broker: id, clientId: clientId ?? '', request } as Received<KafkaApi>;
    this.requests.push({ api, received });
    const usual = async () => (this.state.answers[api] as (one: Received<KafkaApi>) => ResponseOf<KafkaApi>)(received);
    const answer = await (this.scripts.get(api)?.(received, usual) ?? usual());
    if (answer === 'close') return void socket.destroy();
    if (answer === 'silence') return new Promise(() => undefined);
    const body = (responseFields as Field<unknown>).write(answer === 'half' ? await usual() : answer);
    const response = Buffer.concat([int32.write(body.length + 4), int32.write(correlationId), body]);
    if (answer === 'half') socket.end(response.subarray(0, response.length >> 1));
    else socket.write(response);
    return undefined;
  }
}

function requestOf(key: number): [KafkaApi, (typeof kafkaRequests)[KafkaApi]] {
  const found = Object.entries(kafkaRequests).find(([, one]) => one.key === key);
  if (found === undefined) throw new Error(`Scripted brokers do not know request ${key}; see kafka-requests.ts`);
  return found as [KafkaApi, (typeof kafkaRequests)[KafkaApi]];
}
