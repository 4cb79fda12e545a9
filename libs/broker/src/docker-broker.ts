import { PlatformError } from '#contracts';
import type { BrokerOptions, RunningBroker } from './broker-options.ts';
import { kafkaVersion } from './jars.ts';

const clientPort = 9092;
const ready = 'waiting for the script';
const startScript = '/tmp/sendoff-start.sh';

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
    await container.copyContentToContainer([
      { target: startScript, content: scriptFor(`${host}:${port}`, options), mode: 0o755 },
    ]);
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
      bootstrapServers: `${host}:${port}`,
      way: 'docker',
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
