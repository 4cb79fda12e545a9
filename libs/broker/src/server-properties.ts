/** What a broker's configuration depends on. */
export interface BrokerSettings {
  readonly logDir: string;
  readonly port: number;
  readonly controllerPort: number;
  /** Survive a power cut: every batch is flushed to disk before it is acknowledged. */
  readonly flushEachRecord: boolean;
}

/**
 * The configuration of one small broker that is its own controller and listens on loopback only.
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
    // One broker has nobody to replicate to, and fifty partitions for offsets only cost memory and start time.
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
    // The default of 128 MB does not fit into the heap below.
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'log.index.size.max.bytes': 1_048_576,
    // A broker that was killed is waited for this long at its next start; the default of 9 s is for clusters.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 1_000,
    ...(flushEachRecord ? { 'log.flush.interval.messages': 1 } : {}),
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}
