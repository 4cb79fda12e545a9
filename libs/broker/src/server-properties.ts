/** The settings that vary between brokers. */
export interface BrokerSettings {
  /**
   * Without commas, backslashes and letters outside ASCII, which mean something else in the file. A
   * relative path begins at the folder of the broker's process.
   */
  readonly logDir: string;
  readonly port: number;
  readonly controllerPort: number;
  /**
   * Flushes each batch to disk before acknowledging it, so that a power cut loses no acknowledged
   * record.
   */
  readonly flushEachRecord: boolean;
  /** Makes clients log in. Default: everyone may do everything. */
  readonly accounts?: AccountSettings;
  /** More properties, which win over all others. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** The account with which the broker calls itself, and with which accounts are set up. */
export interface AccountSettings {
  /** Port of the listener for that account. */
  readonly internalPort: number;
  readonly username: string;
  readonly password: string;
}

const plainLogin = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const scramLogin = 'org.apache.kafka.common.security.scram.ScramLoginModule';

/**
 * Listeners with accounts. Clients log in by SCRAM-SHA-512 with an account of the metadata. The
 * broker itself, its controller and the admin log in by PLAIN with one account of this file. That
 * account must work before any metadata exists. All listeners are on loopback, and none takes a
 * client without an account.
 * @see https://kafka.apache.org/documentation/#security
 */
export function accountProperties({ username, password }: Omit<AccountSettings, 'internalPort'>): Record<string, string> {
  const plain = `${plainLogin} required username="${username}" password="${password}" user_${username}="${password}";`;
  return {
    'listener.security.protocol.map': 'CLIENTS:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.mechanism.controller.protocol': 'PLAIN',
    'listener.name.clients.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.clients.scram-sha-512.sasl.jaas.config': `${scramLogin} required;`,
    'listener.name.internal.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.internal.plain.sasl.jaas.config': plain,
    'listener.name.controller.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.controller.plain.sasl.jaas.config': plain,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:${username}`,
    'allow.everyone.if.no.acl.found': 'false',
  };
}

/**
 * The configuration of a single small broker that is its own controller and listens on 127.0.0.1
 * only.
 * @see https://kafka.apache.org/documentation/#brokerconfigs
 */
export function serverProperties(given: BrokerSettings): string {
  const { logDir, port, controllerPort, flushEachRecord, accounts, properties } = given;
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
    // Answered fetches stay in memory until so many have gathered. 1,000 of them, the default, get
    // old. Then the whole heap is collected, once a minute at 200 calls a second: a stop of 100 ms.
    'fetch.purgatory.purge.interval.requests': 50,
    'producer.purgatory.purge.interval.requests': 50,
    // After a kill, the next start waits this long for the old session to expire. The default is 9
    // s.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 1_000,
    ...(flushEachRecord ? { 'log.flush.interval.messages': 1 } : {}),
    ...(accounts === undefined ? {} : accountListeners(given, accounts)),
    ...properties,
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

function accountListeners({ port, controllerPort }: BrokerSettings, accounts: AccountSettings): Record<string, string> {
  const clients = `CLIENTS://127.0.0.1:${port},INTERNAL://127.0.0.1:${accounts.internalPort}`;
  return {
    ...accountProperties(accounts),
    listeners: `${clients},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': clients,
  };
}
