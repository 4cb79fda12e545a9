import { randomBytes } from 'node:crypto';
import { PlatformError } from '#contracts';
import type { BrokerOptions, RunningBroker } from './broker-options.ts';
import { kafkaVersion } from './jars.ts';
import { serverProperties } from './server-properties.ts';

const clientPort = 9092;
const ready = 'waiting for the script';
const startScript = '/tmp/sendoff-start.sh';
const propertiesFile = '/tmp/sendoff-server.properties';
const adminName = 'broker';

/**
 * Starts the official image in a container. The port is known only once the container runs, so the
 * container waits for a start script that advertises it.
 *
 * The data is lost when the container stops. To keep data use Java, or the brokers of a cluster.
 * @throws PlatformError `BROKER_START_FAILED`.
 */
export async function startDockerBroker(options: BrokerOptions): Promise<RunningBroker> {
  // Loaded only here: an installation with Java does not need testcontainers.
  const { GenericContainer, Wait } = await import('testcontainers');
  try {
    const container = await new GenericContainer(`apache/kafka:${kafkaVersion}`)
      .withExposedPorts(options.port ? { container: clientPort, host: options.port } : clientPort)
      .withEntrypoint(['sh', '-c', `echo ${ready}; while [ ! -f ${startScript} ]; do sleep 0.1; done; sh ${startScript}`])
      .withCommand([])
      // The broker listens only after the script was copied, so wait for the log line, not for the
      // port.
      .withWaitStrategy(Wait.forLogMessage(ready))
      .start();
    const host = container.getHost();
    const port = container.getMappedPort(clientPort);
    const password = randomBytes(32).toString('base64url');
    const advertised = `${host}:${port}`;
    const files = options.hasAccounts
      ? accountFiles(advertised, password, options)
      : [{ target: startScript, content: scriptFor(advertised, options), mode: 0o755 }];
    await container.copyContentToContainer(files);
    const started = await container.logs();
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error('the broker did not start within 60 s')), 60_000);
      started.on('data', (line) => {
        if (!String(line).includes('Kafka Server started')) return;
        clearTimeout(deadline);
        resolve();
      });
    });
    let ended: (how: string) => void = () => undefined;
    const exited = new Promise<string>((resolve) => {
      ended = resolve;
    });
    started.once('end', () => ended('container stopped'));
    return {
      bootstrapServers: advertised,
      way: 'docker',
      ...(options.hasAccounts
        ? { admin: { servers: advertised, mechanism: 'SCRAM-SHA-512', username: adminName, password } as const }
        : {}),
      exited,
      async stop() {
        await container.stop();
        ended('stopped');
      },
    };
  } catch (cause) {
    throw new PlatformError('BROKER_START_FAILED', {
      details: { reason: `Docker could not start apache/kafka:${kafkaVersion}: ${String(cause)}` },
      cause,
    });
  }
}

/**
 * Files of a broker with accounts. Only the port of the clients leaves the container, so the admin
 * uses it too: its account is made when the storage is formatted. The data is new at each start.
 */
export function accountFiles(advertised: string, password: string, { flushEachRecord = false }: BrokerOptions) {
  const accounts = { username: adminName, password, internalPort: 9093 };
  const loopback = 'INTERNAL://127.0.0.1:9093';
  const settings = serverProperties({
    logDir: '/tmp/kafka-data',
    port: clientPort,
    controllerPort: 9094,
    flushEachRecord,
    accounts,
    properties: {
      listeners: `CLIENTS://:${clientPort},${loopback},CONTROLLER://127.0.0.1:9094`,
      'advertised.listeners': `CLIENTS://${advertised},${loopback}`,
    },
  });
  const script = [
    '#!/bin/sh',
    'set -e',
    `/opt/kafka/bin/kafka-storage.sh format --cluster-id=${randomBytes(16).toString('base64url')} -c ${propertiesFile} \\`,
    `  --add-scram 'SCRAM-SHA-512=[name=${adminName},password=${password}]' >/dev/null`,
    `exec /opt/kafka/bin/kafka-server-start.sh ${propertiesFile}`,
    '',
  ].join('\n');
  // Only root and the user of the image are in the container.
  return [
    { target: propertiesFile, content: settings, mode: 0o644 },
    { target: startScript, content: script, mode: 0o755 },
  ];
}

/**
 * The start script. Any KAFKA_ variable replaces all defaults of the image, so the script sets
 * every variable needed.
 */
function scriptFor(advertised: string, options: BrokerOptions): string {
  const variables: Readonly<Record<string, string>> = {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: `PLAINTEXT://:${clientPort},BROKER://:9093,CONTROLLER://:9094`,
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${advertised},BROKER://localhost:9093`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'BROKER',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9094',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_MESSAGE_MAX_BYTES: '2097152',
    ...(options.flushEachRecord ? { KAFKA_LOG_FLUSH_INTERVAL_MESSAGES: '1' } : {}),
  };
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  return ['#!/bin/sh', ...exports, 'exec /etc/kafka/docker/run', ''].join('\n');
}
