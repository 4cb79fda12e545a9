import type { ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import type { Service } from '#contracts';
import { eventually } from '#testing';
import { type Client, destination } from '../e2e/client.ts';
import { Installation } from '../e2e/installation.ts';
import { BrokerCluster, pidOfBroker } from './broker-cluster.ts';
import { CountingServer } from './counting-server.ts';
import { freeze, killAll, thawAll, treeOf } from './processes.ts';
import { SkewedClock, skewMissing } from './skewed-clock.ts';
import { SmallDisk, smallDiskMissing } from './small-disk.ts';

/** The installation that scenarios break. */
export interface InstallationSpec {
  /** Brokers of the test, or `own`: the one that the installation starts itself, with accounts. */
  readonly brokers: 'own' | 1 | 3;
  /** Services reach the brokers of the test through proxies: `world.cluster.proxies`. */
  readonly isProxied?: boolean;
  /** Folder with `dist` from which the installation starts. Default: this checkout. */
  readonly checkout?: string;
  /** Settings of the installation. */
  readonly env?: Readonly<Record<string, string>>;
  /** Service whose time of day the test sets: `world.clock`. */
  readonly skewedService?: Service;
  /** Size of the disk of the data folder, which the test can fill: `world.disk`. */
  readonly diskMegabytes?: number;
}

/** The code of a function of the load, in Node.js. It tells the test of each run. */
const reportingSource = `
exports.handler = async (event) => {
  const response = await fetch(event.count, { method: 'POST', body: JSON.stringify(event) });
  return response.json();
};`;

/** @returns why this machine cannot run such an installation; undefined if it can. */
export function missingFor({ skewedService, diskMegabytes }: InstallationSpec): string | undefined {
  if (skewedService !== undefined && skewMissing() !== undefined) return skewMissing();
  return diskMegabytes === undefined ? undefined : smallDiskMissing();
}

/** Parts of a {@link World} besides the installation. They exist before it starts. */
interface Surroundings {
  readonly counting: CountingServer;
  readonly brokers: BrokerCluster | undefined;
  readonly clock: SkewedClock | undefined;
  readonly disk: SmallDisk | undefined;
}

/** A real installation, its brokers, and the server that counts what they do. */
export class World {
  private functions = 0;
  private readonly beside: ChildProcess[] = [];

  private constructor(
    private readonly spec: InstallationSpec,
    private readonly around: Surroundings,
    /** The installation. Another object after {@link startAgain}. */
    public installation: Installation,
    /** How the test's own producer reaches the brokers. */
    public kafkaOptions: Pick<KafkaConfig, 'brokers'> & { readonly sasl?: SASLOptions },
  ) {}

  static async start(spec: InstallationSpec): Promise<World> {
    const around = {
      counting: await CountingServer.listen(),
      clock: spec.skewedService && (await SkewedClock.of(spec.skewedService)),
      disk: spec.diskMegabytes === undefined ? undefined : await SmallDisk.mount(spec.diskMegabytes),
      brokers: spec.brokers === 'own' ? undefined : await BrokerCluster.start(spec.brokers, spec.isProxied),
    };
    try {
      const installation = await startInstallation(spec, around, {});
      const world = new World(spec, around, installation, await kafkaOptionsOf(installation, around.brokers));
      await installation.client.grantEverything();
      return world;
    } catch (error) {
      await end(around);
      throw error;
    }
  }

  get client(): Client {
    return this.installation.client;
  }

  get topicPrefix(): string {
    return this.installation.topicPrefix;
  }

  get counting(): CountingServer {
    return this.around.counting;
  }

  /** The brokers of the test. @throws Error if the installation has its own. */
  get cluster(): BrokerCluster {
    return present(this.around.brokers, 'brokers');
  }

  /** The clock of the skewed service. @throws Error without `skewedService`. */
  get clock(): SkewedClock {
    return present(this.around.clock, 'skewedService');
  }

  /** The disk of the data folder. @throws Error without `diskMegabytes`. */
  get disk(): SmallDisk {
    return present(this.around.disk, 'diskMegabytes');
  }

  /**
   * Creates a function for the load of one scenario. Its outcomes go to the webhook of the test.
   * @param runtime `http`: the server of the test is the function. `node`: a Node.js function.
   * @returns its name.
   */
  async createFunction(runtime: 'http' | 'node', policy: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const name = `load-${++this.functions}`;
    const more = { timeout: 30, strategy_config: { concurrency: 2, concurrent_num: 20 } };
    if (runtime === 'node') await this.client.createFunction(name, reportingSource, more);
    else await this.client.createHttpFunction(name, `${this.counting.url}/run`, more);
    const topic = await this.client.must<{ topic_urn: string }>('POST', '/notifications/topics', { name });
    const endpoint = `${this.counting.url}/told`;
    await this.client.must('POST', `/notifications/topics/${topic.topic_urn}/subscriptions`, { protocol: 'http', endpoint });
    const told = destination('SMN', { topic_urn: topic.topic_urn });
    await this.client.setPolicy(name, {
      max_async_retry_attempts: 3,
      destination_config: { on_success: told, on_failure: told },
      ...policy,
    });
    return name;
  }

  /** Kills a service with SIGKILL. The installation starts it again. */
  async kill(service: Service): Promise<void> {
    await this.installation.killService(service);
  }

  /** Stops a service with SIGSTOP: its connections stay open. @returns lets it go on. */
  async freeze(service: Service): Promise<() => void> {
    return freeze(await this.pidOf(service));
  }

  /** The id of the process of a service. Waits until it runs. */
  async pidOf(service: Service): Promise<number> {
    return eventually(async () => this.installation.pidOf(service));
  }

  /** Starts one more process of a service, which ends with {@link stop}. */
  async startBeside(service: Service): Promise<void> {
    this.beside.push(await this.installation.startBeside(service));
  }

  /** Kills the installation with all that it started, its own broker included, with SIGKILL. */
  async killTree(): Promise<void> {
    await killAll(treeOf(this.installation.pid));
  }

  /** Starts the installation again on the same data. Resolves when it is ready. */
  async startAgain(): Promise<void> {
    const { dataDir, topicPrefix } = this.installation;
    const env = { KAFKA_TOPIC_PREFIX: topicPrefix };
    this.installation = await startInstallation(this.spec, this.around, { dataDir, env });
    this.kafkaOptions = await kafkaOptionsOf(this.installation, this.around.brokers);
  }

  /** The id of the process of the broker that the installation started. */
  pidOfOwnBroker(): number {
    return pidOfBroker(join(this.installation.dataDir, 'kafka'));
  }

  async stop(): Promise<void> {
    thawAll();
    for (const child of this.beside) child.kill('SIGKILL');
    await this.installation.stop({ keepData: true });
    await end(this.around);
    await rm(this.installation.dataDir, { recursive: true, force: true, maxRetries: 10 });
  }
}

function present<T>(part: T | undefined, field: keyof InstallationSpec): T {
  if (part === undefined) throw new Error(`the scenario's installation does not set ${field}`);
  return part;
}

async function startInstallation(
  { brokers: size, env, checkout }: InstallationSpec,
  { brokers, clock, disk }: Surroundings,
  again: { readonly dataDir?: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Installation> {
  const dataDir = again.dataDir ?? disk?.folder;
  return Installation.start({
    brokers: brokers?.servers ?? '',
    // Each scenario waits for a comparison of its own.
    env: {
      LEDGER_CHECK_INTERVAL_MS: '1000',
      ...(size === 3 ? { KAFKA_REPLICATION: '3' } : {}),
      ...clock?.environment,
      ...env,
      ...again.env,
    },
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(checkout === undefined ? {} : { checkout }),
  });
}

async function end({ brokers, clock, disk, counting }: Surroundings): Promise<void> {
  await brokers?.stop();
  await clock?.remove();
  await disk?.unmount();
  counting.close();
}

async function kafkaOptionsOf({ dataDir }: Installation, brokers: BrokerCluster | undefined): Promise<World['kafkaOptions']> {
  if (brokers !== undefined) return { brokers: brokers.directServers.split(',') };
  const running = JSON.parse(await readFile(join(dataDir, 'running.json'), 'utf8')) as {
    readonly kafkaBrokers: string[];
    readonly kafkaAccount: SASLOptions;
  };
  return { brokers: running.kafkaBrokers, sasl: running.kafkaAccount };
}
