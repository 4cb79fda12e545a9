/** The settings that vary between brokers. */
export interface BrokerSettings {
  readonly logDir: string;
  readonly port: number;
  readonly controllerPort: number;
  /**
   * Flushes each batch to disk before acknowledging it, so that a power cut loses no acknowledged
   * record.
   */
  readonly flushEachRecord: boolean;
}

/**
 * The configuration of a single small broker that is its own controller and listens on 127.0.0.1
 * only.
 * @see https://kafka.apache.org/documentation/#brokerconfigs
 */
export function serverProperties({ logDir, port, controllerPort, flushEachRecord }: BrokerSettings): string {
  const settings: Readonly<Record<string, string | number | boolean>> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': logDir,
    'auto.create.topics.enable': false,
    'message.max.bytes': 2_097_152,
    'replica.fetch.max.bytes': 2_097_152,
    // A single broker cannot replicate, and 50 partitions of offsets would only cost memory and
    // start time.
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    // The default of 128 MB does not fit into the heap of 256 MB.
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'log.index.size.max.bytes': 1_048_576,
    // After a kill, the next start waits this long for the old session to expire. The default is 9
    // s.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 1_000,
    ...(flushEachRecord ? { 'log.flush.interval.messages': 1 } : {}),
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}
