/**
 * One Kafka broker in a container, reached from the test and from the network of the containers.
 *
 * The port on the host is known only once the container runs, and the broker must advertise it. So
 * the container waits for its start script.
 */
import {
  BoundPorts,
  GenericContainer,
  getContainerRuntimeClient,
  type StartedNetwork,
  Wait,
  waitForContainer,
} from 'testcontainers';
import type { InspectResult, StartedTestContainer } from 'testcontainers';

/** Addresses of brokers: `host:port`, several with commas. */
export interface KafkaAddresses {
  /** As containers on the same network reach the brokers. */
  readonly network: string;
  /** As the test reaches the brokers. */
  readonly host: string;
}

/** A broker that runs. */
export interface StartedBroker {
  readonly addresses: KafkaAddresses;
  stop(): Promise<void>;
}

const hostPort = 9092;
const networkPort = 9093;
const startScript = '/tmp/sendoff-start.sh';
const startTimeoutMs = 120_000;

class BrokerContainer extends GenericContainer {
  constructor(
    image: string,
    private readonly alias: string,
  ) {
    super(image);
    this.withExposedPorts(hostPort)
      .withNetworkAliases(alias)
      .withEntrypoint(['sh', '-c', `echo waiting; while [ ! -f ${startScript} ]; do sleep 0.1; done; . ${startScript}`])
      .withCommand([])
      .withWaitStrategy(Wait.forLogMessage('waiting'))
      .withStartupTimeout(startTimeoutMs);
  }

  protected override async containerStarted(container: StartedTestContainer, _inspected: InspectResult): Promise<void> {
    const advertised = `${container.getHost()}:${container.getMappedPort(hostPort)}`;
    await container.copyContentToContainer([{ target: startScript, content: scriptOf(advertised, this.alias), mode: 0o755 }]);
    const client = await getContainerRuntimeClient();
    const started = Wait.forLogMessage(/Kafka Server started/).withStartupTimeout(startTimeoutMs);
    await waitForContainer(client, client.container.getById(container.getId()), started, new BoundPorts());
  }
}

/** Any KAFKA_ variable replaces all defaults of the image, so the script sets all that it needs. */
function scriptOf(advertised: string, alias: string): string {
  const settings: Readonly<Record<string, string>> = {
    KAFKA_HEAP_OPTS: '-Xms64m -Xmx384m',
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: `HOST://:${hostPort},NETWORK://:${networkPort},CONTROLLER://127.0.0.1:9094`,
    KAFKA_ADVERTISED_LISTENERS: `HOST://${advertised},NETWORK://${alias}:${networkPort}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'HOST:PLAINTEXT,NETWORK:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'NETWORK',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@127.0.0.1:9094',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_MESSAGE_MAX_BYTES: '2097152',
  };
  const exports = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'`);
  return [...exports, 'exec /etc/kafka/docker/run', ''].join('\n');
}

/** Starts a broker on a network. @param alias its host name there. */
export async function startKafkaBroker(image: string, network: StartedNetwork, alias: string): Promise<StartedBroker> {
  const container = await new BrokerContainer(image, alias).withNetwork(network).start();
  return {
    addresses: {
      network: `${alias}:${networkPort}`,
      host: `${container.getHost()}:${container.getMappedPort(hostPort)}`,
    },
    stop: async () => {
      await container.stop();
    },
  };
}
