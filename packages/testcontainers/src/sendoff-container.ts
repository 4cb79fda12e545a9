import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import type { AsyncPolicy, FunctionDefinition } from './definitions.ts';
import { type KafkaAddresses, type StartedBroker, startKafkaBroker } from './kafka-broker.ts';
import { apiPort, StartedSendoffContainer, type StartedWith } from './started-sendoff-container.ts';

const defaultImage = 'sendoff:latest';
const defaultKafkaImage = 'apache/kafka:4.3.0';
const startTimeoutMs = 180_000;
const logLinesMax = 20;

/** Networks of containers and of the test itself, which functions and webhooks may reach. */
const privateNetworks = '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16';

/** Parts that a start makes, and removes again if it fails. */
interface Surroundings {
  readonly kafka: KafkaAddresses;
  readonly broker?: StartedBroker;
  readonly network?: StartedNetwork;
}

/**
 * All services of Sendoff in one container, and a Kafka broker in a second one. Both stop together.
 *
 * Networks: without `withNetwork`, the container makes a network for itself and its broker.
 */
export class SendoffContainer extends GenericContainer {
  private readonly functions = new Map<string, FunctionDefinition>();
  private readonly policies = new Map<string, AsyncPolicy>();
  private readonly lastLines: string[] = [];
  private kafkaImage = defaultKafkaImage;
  private kafka: KafkaAddresses | undefined;
  private givenNetwork: StartedNetwork | undefined;

  /** @param image of Sendoff, as built from `docker/Dockerfile` of its repository. */
  constructor(image: string = defaultImage) {
    super(image);
    this.withCommand(['standalone'])
      .withExposedPorts(apiPort)
      .withEnvironment({
        SENDOFF_PROJECT_ID: 'test',
        SENDOFF_TOKEN: 'test-token',
        SENDOFF_ACCESS_KEY: 'TESTACCESSKEY',
        SENDOFF_SECRET_KEY: 'test-secret-key',
        SENDOFF_REGION: 'local',
        SENDOFF_DATA_DIR: '/var/lib/sendoff',
        KAFKA_TOPIC_PREFIX: 'sendoff.',
        KAFKA_PARTITIONS: '1',
        NOTIFIER_WAIT_BASE_MS: '500',
        WEBHOOK_NETWORKS_ALLOWED: privateNetworks,
        FUNCTION_NETWORKS_ALLOWED: privateNetworks,
      })
      .withLogConsumer((stream) => this.keepLastLines(stream))
      .withWaitStrategy(Wait.forHttp('/readyz', apiPort).forStatusCode(200))
      .withStartupTimeout(startTimeoutMs);
  }

  /** Creates a function when the container starts. */
  withFunction(name: string, definition: FunctionDefinition): this {
    this.functions.set(name, definition);
    return this;
  }

  /**
   * Sets the asynchronous configuration of a function when the container starts. The streams,
   * topics and buckets that it names are created too.
   */
  withPolicy(functionName: string, policy: AsyncPolicy): this {
    this.policies.set(functionName, policy);
    return this;
  }

  /** The image of the broker, which must be one of `apache/kafka` or `apache/kafka-native`. */
  withKafkaImage(image: string): this {
    this.kafkaImage = image;
    return this;
  }

  /** Uses brokers that run already, on the network of `withNetwork`. No broker is started. */
  withKafka(addresses: KafkaAddresses): this {
    this.kafka = addresses;
    return this;
  }

  override withNetwork(network: StartedNetwork): this {
    this.givenNetwork = network;
    return super.withNetwork(network);
  }

  /**
   * Starts the broker, then Sendoff, then creates functions and their configurations.
   * @throws Error that says what to do if an image is missing or a part does not start. The
   *   parts that had started are stopped again.
   */
  override async start(): Promise<StartedSendoffContainer> {
    this.checkPolicies();
    const surroundings = await this.startSurroundings();
    let started: StartedSendoffContainer | undefined;
    try {
      this.withEnvironment({ KAFKA_BROKERS: surroundings.kafka.network });
      started = new StartedSendoffContainer(await this.startSendoff(), { ...this.settings(), ...surroundings });
      await started.grantTargets();
      for (const [name, definition] of this.functions) await started.createFunction(name, definition);
      for (const [name, policy] of this.policies) await started.setPolicy(name, policy);
      return started;
    } catch (error) {
      if (started !== undefined) await started.stop();
      else await stopSurroundings(surroundings);
      throw error;
    }
  }

  /** A policy without its function would fail late, with an answer of the API. */
  private checkPolicies(): void {
    for (const name of this.policies.keys())
      if (!this.functions.has(name))
        throw new Error(`withPolicy('${name}', ...) names a function that is not declared: add withFunction('${name}', ...)`);
  }

  private async startSurroundings(): Promise<Surroundings> {
    if (this.kafka !== undefined) return { kafka: this.kafka };
    const ownNetwork = this.givenNetwork === undefined ? await new Network().start() : undefined;
    const network = this.givenNetwork ?? ownNetwork;
    if (network === undefined) throw new Error('the network did not start');
    try {
      const broker = await startKafkaBroker(this.kafkaImage, network, `kafka-${randomUUID().slice(0, 8)}`);
      if (ownNetwork !== undefined) super.withNetwork(ownNetwork);
      return { kafka: broker.addresses, broker, ...(ownNetwork === undefined ? {} : { network: ownNetwork }) };
    } catch (cause) {
      await ownNetwork?.stop();
      throw new Error(`the broker did not start from the image ${this.kafkaImage}: ${messageOf(cause)}`, { cause });
    }
  }

  private async startSendoff(): Promise<StartedTestContainer> {
    try {
      return await super.start();
    } catch (cause) {
      const client = await getContainerRuntimeClient();
      const name = this.imageName.string;
      if (!(await client.image.exists(this.imageName)))
        throw new Error(
          `the image ${name} is neither here nor can it be pulled: build it in the repository of Sendoff with ` +
            `"docker build -f docker/Dockerfile -t ${name} .", or name another image: new SendoffContainer('...')`,
          { cause },
        );
      const log = this.lastLines.length === 0 ? 'it logged nothing' : `the end of its log:\n${this.lastLines.join('\n')}`;
      throw new Error(`Sendoff did not start from the image ${name}: ${messageOf(cause)}; ${log}`, { cause });
    }
  }

  private settings(): Omit<StartedWith, keyof Surroundings> {
    const of = (name: string) => this.environment[name] ?? '';
    return {
      projectId: of('SENDOFF_PROJECT_ID'),
      token: of('SENDOFF_TOKEN'),
      accessKey: of('SENDOFF_ACCESS_KEY'),
      secretKey: of('SENDOFF_SECRET_KEY'),
      region: of('SENDOFF_REGION'),
      topicPrefix: of('KAFKA_TOPIC_PREFIX'),
      dataDir: of('SENDOFF_DATA_DIR'),
    };
  }

  private keepLastLines(stream: Readable): void {
    stream.on('data', (chunk: unknown) => {
      this.lastLines.push(...String(chunk).trimEnd().split('\n'));
      this.lastLines.splice(0, this.lastLines.length - logLinesMax);
    });
  }
}

async function stopSurroundings({ broker, network }: Surroundings): Promise<void> {
  await broker?.stop();
  await network?.stop();
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
