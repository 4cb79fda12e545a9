import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { type RunningBroker, startBroker } from '#broker';
import { eventually } from '#testing';
import { freePort } from '#broker';
import { freeze, killAll, pidOf } from './processes.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** Longest wait until a cluster has dropped a broker, in milliseconds. */
const goesOnDeadlineMs = 60_000;

/** One broker: its ports and data stay the same when it is started again. */
interface Member {
  readonly id: number;
  readonly dataDir: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly port: number;
  readonly direct: string;
  readonly proxy: TcpProxy | undefined;
}

/** Finds the Java process of the broker that keeps its data in a folder. */
export function pidOfBroker(dataDir: string): number {
  const pid = pidOf(
    ({ program, args, folder }) =>
      program.endsWith('java') && args.endsWith('kafka.Kafka server.properties ') && folder === dataDir,
  );
  if (pid === undefined) throw new Error(`no broker runs in ${dataDir}`);
  return pid;
}

/**
 * Brokers of a test that form one cluster, with ids from 1. All records and positions have as many
 * replicas as there are brokers; of three brokers two must have a record.
 */
export class BrokerCluster {
  private readonly running = new Map<number, RunningBroker>();

  private constructor(
    private readonly folder: string,
    private readonly clusterId: string,
    private readonly members: readonly Member[],
  ) {}

  /** @param isProxied services reach each broker through a {@link TcpProxy}. */
  static async start(size: 1 | 3, isProxied = false): Promise<BrokerCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'sendoff-fault-brokers-'));
    const ids = Array.from({ length: size }, (_, index) => index + 1);
    const controllers = await Promise.all(ids.map(async (id) => ({ id, port: await freePort() })));
    const voters = controllers.map(({ id, port }) => `${id}@127.0.0.1:${port}`).join(',');
    const members = await Promise.all(controllers.map(async (controller) => aMember(folder, controller, voters, isProxied)));
    const cluster = new BrokerCluster(folder, randomBytes(16).toString('base64url'), members);
    await Promise.all(ids.map(async (id) => cluster.startBroker(id))).catch(async (error: unknown) => {
      await cluster.stop();
      throw error;
    });
    return cluster;
  }

  /** The addresses that services get. */
  get servers(): string {
    return this.members.map(({ port, proxy }) => `127.0.0.1:${proxy?.port ?? port}`).join(',');
  }

  /** The addresses of the test's own clients, which pass no proxy. */
  get directServers(): string {
    return this.members.map(({ direct }) => direct).join(',');
  }

  /** The proxies, in the order of the ids. Empty unless the cluster was started with them. */
  get proxies(): readonly TcpProxy[] {
    return this.members.flatMap(({ proxy }) => proxy ?? []);
  }

  /** Starts a broker, or starts it again after {@link kill}. Resolves when it listens. */
  async startBroker(id: number): Promise<void> {
    const { dataDir, port, properties } = this.member(id);
    this.running.set(id, await startBroker({ dataDir, port, properties, clusterId: this.clusterId, isShortLived: true }));
  }

  /** Kills a broker with SIGKILL. */
  async kill(id: number): Promise<void> {
    await killAll([pidOfBroker(this.member(id).dataDir)]);
    await this.running.get(id)?.exited;
    this.running.delete(id);
  }

  /** Stops a broker with SIGSTOP: its connections stay open. @returns lets it go on. */
  freeze(id: number): () => void {
    return freeze(pidOfBroker(this.member(id).dataDir));
  }

  /** The id of the broker that leads a partition. */
  async leaderOf(topic: string, partition = 0): Promise<number> {
    const leader = (await this.partitionsOf([topic])).find(({ partitionId }) => partitionId === partition)?.leader;
    if (leader === undefined) throw new Error(`partition ${partition} of ${topic} has no leader`);
    return leader;
  }

  /**
   * Resolves when the cluster goes on without a broker. It then leads no partition of these topics,
   * and writes wait for none of its replicas. The broker itself is not asked.
   */
  async goesOnWithout(id: number, topics: readonly string[]): Promise<void> {
    const others = this.members.filter((one) => one.id !== id).map(({ direct }) => direct);
    const isDropped = async () =>
      (await this.partitionsOf(topics, others)).every(({ leader, isr }) => leader >= 0 && leader !== id && !isr.includes(id));
    await eventually(isDropped, { deadlineMs: goesOnDeadlineMs, pauseMs: 100 });
  }

  /** Asks one of these brokers: a new admin of kafkajs has no connection to another one. */
  private async partitionsOf(topics: readonly string[], servers = this.directServers.split(',')) {
    const admin = new Kafka({ brokers: [...servers], requestTimeout: 2_000, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      return (await admin.fetchTopicMetadata({ topics: [...topics] })).topics.flatMap(({ partitions }) => partitions);
    } finally {
      await admin.disconnect();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map(async (broker) => broker.stop()));
    for (const proxy of this.proxies) proxy.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  private member(id: number): Member {
    const member = this.members.find((one) => one.id === id);
    if (member === undefined) throw new Error(`no broker has the id ${id}`);
    return member;
  }
}

async function aMember(
  folder: string,
  controller: { readonly id: number; readonly port: number },
  voters: string,
  isProxied: boolean,
): Promise<Member> {
  const { id } = controller;
  const port = await freePort();
  const direct = `127.0.0.1:${await freePort()}`;
  const proxy = isProxied ? await TcpProxy.listen(port) : undefined;
  const replicas = String(voters.split(',').length);
  const inSync = String(Math.ceil(Number(replicas) / 2));
  const properties = {
    'node.id': String(id),
    'controller.quorum.voters': voters,
    listeners: `PLAINTEXT://127.0.0.1:${port},DIRECT://${direct},CONTROLLER://127.0.0.1:${controller.port}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy?.port ?? port},DIRECT://${direct}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'DIRECT',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
  };
  return { id, dataDir: join(folder, String(id)), properties, port, direct, proxy };
}
