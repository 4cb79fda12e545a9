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

/** The installation that scenarios break. */
export interface InstallationSpec {
  /** Brokers of the test, or `own`: the one that the installation starts itself, with accounts. */
  readonly brokers: 'own' | 1 | 3;
  /** Services reach the brokers of the test through proxies: `world.cluster.proxies`. */
  readonly isProxied?: boolean;
  /** Settings of the installation. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a new folder. */
  readonly dataDir?: string;
}

/** The code of a function of the load, in Node.js. It tells the test of each run. */
const reportingSource = `
exports.handler = async (event) => {
  const response = await fetch(event.count, { method: 'POST', body: JSON.stringify(event) });
  return response.json();
};`;

/** A real installation, its brokers, and the server that counts what they do. */
export class World {
  private functions = 0;

  private constructor(
    private readonly spec: InstallationSpec,
    private readonly brokers: BrokerCluster | undefined,
    readonly counting: CountingServer,
    /** The installation. Another object after {@link startAgain}. */
    public installation: Installation,
    public kafkaOptions: Pick<KafkaConfig, 'brokers'> & { readonly sasl?: SASLOptions },
  ) {}

  static async start(spec: InstallationSpec): Promise<World> {
    const counting = await CountingServer.listen();
    const brokers = spec.brokers === 'own' ? undefined : await BrokerCluster.start(spec.brokers, spec.isProxied);
    try {
      const { dataDir } = spec;
      const installation = await Installation.start({
        brokers: brokers?.servers ?? '',
        env: environmentOf(spec),
        ...(dataDir === undefined ? {} : { dataDir }),
      });
      const world = new World(spec, brokers, counting, installation, await kafkaOptionsOf(installation, brokers));
      await installation.client.grantEverything();
      return world;
    } catch (error) {
      await brokers?.stop();
      counting.close();
      throw error;
    }
  }

  get client(): Client {
    return this.installation.client;
  }

  get topicPrefix(): string {
    return this.installation.topicPrefix;
  }

  /** The brokers of the test. @throws Error if the installation has its own. */
  get cluster(): BrokerCluster {
    if (this.brokers === undefined) throw new Error('the installation has its own broker');
    return this.brokers;
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

  /** Kills the installation with all that it started, its own broker included, with SIGKILL. */
  async killTree(): Promise<void> {
    await killAll(treeOf(this.installation.pid));
  }

  /** Starts the installation again on the same data. Resolves when it is ready. */
  async startAgain(): Promise<void> {
    const { dataDir, topicPrefix } = this.installation;
    this.installation = await Installation.start({
      brokers: this.brokers?.servers ?? '',
      dataDir,
      env: { ...environmentOf(this.spec), KAFKA_TOPIC_PREFIX: topicPrefix },
    });
    this.kafkaOptions = await kafkaOptionsOf(this.installation, this.brokers);
  }

  /** The id of the process of the broker that the installation started. */
  pidOfOwnBroker(): number {
    return pidOfBroker(join(this.installation.dataDir, 'kafka'));
  }

  async stop(): Promise<void> {
    thawAll();
    await this.installation.stop();
    await this.brokers?.stop();
    this.counting.close();
    await rm(this.installation.dataDir, { recursive: true, force: true, maxRetries: 10 });
  }
}

function environmentOf({ brokers, env = {} }: InstallationSpec): Record<string, string> {
  return { ...(brokers === 3 ? { KAFKA_REPLICATION: '3' } : {}), ...env };
}

/** How the test's own producer reaches the brokers. */
async function kafkaOptionsOf({ dataDir }: Installation, brokers: BrokerCluster | undefined): Promise<World['kafkaOptions']> {
  if (brokers !== undefined) return { brokers: brokers.directServers.split(',') };
  const running = JSON.parse(await readFile(join(dataDir, 'running.json'), 'utf8')) as {
    readonly kafkaBrokers: string[];
    readonly kafkaAccount: SASLOptions;
  };
  return { brokers: running.kafkaBrokers, sasl: running.kafkaAccount };
}
