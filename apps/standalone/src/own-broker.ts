/**
 * The brokers of an installation: those of the configuration, or one that this process starts.
 *
 * The broker that is started has accounts. Each service gets the password of its own account only.
 * Programs from outside share one account, which `running.json` tells.
 */
import { join } from 'node:path';
import { type BrokerOptions, type RunningBroker, startBroker } from '#broker';
import { type KafkaAccount, outsideAccount, PlatformError, type Service, Topics } from '#contracts';
import { documentConfig, KafkaAccessSettings } from '#platform';
import { accountsFor, passwordsIn, type Passwords, setUpInstallation } from './kafka-accounts.ts';
import { KeptBroker } from './kept-broker.ts';
import type { StandaloneConfig } from './standalone.config.ts';
import type { StartContext } from './restart-policy.ts';

/** An account in the words of Kafka's clients. */
export interface ClientAccount {
  readonly mechanism: 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

/** The brokers of an installation. */
export interface InstallationBrokers {
  /** `host:port` of some brokers. */
  readonly servers: readonly string[];
  /** The variables with which a service reaches the brokers. */
  readonly environmentOf: (service: Service) => Readonly<Record<string, string | undefined>>;
  /** The account of programs that are not services. Absent for brokers of the configuration. */
  readonly outside?: ClientAccount;
  stop(): Promise<void>;
}

/** Gives the accounts of a started broker their passwords and rights, and creates the topics. */
async function provide(broker: RunningBroker, config: StandaloneConfig, topics: Topics, passwords: Passwords): Promise<void> {
  const { admin } = broker;
  if (admin === undefined) throw new Error('the broker was started without accounts');
  await setUpInstallation({
    brokers: [admin.servers],
    access: { login: { mechanism: admin.mechanism, username: admin.username, password: () => admin.password } },
    accounts: accountsFor(topics, passwords, config.streamTopics),
    topics,
    partitions: config.partitions,
    replication: 1,
  });
}

/** Variables of access, so that none of the environment mixes with those of an account. */
const noAccess = Object.fromEntries(documentConfig(KafkaAccessSettings).map(({ env }) => [env, undefined]));

/**
 * Starts a broker and gives its accounts their passwords. Stops it again if that fails.
 * @throws PlatformError as {@link startBroker}, and `BROKER_UNAVAILABLE`.
 */
async function launch(options: BrokerOptions, setUp: (broker: RunningBroker) => Promise<void>): Promise<RunningBroker> {
  const broker = await startBroker(options);
  const ended = broker.exited.then((how) => {
    throw new PlatformError('BROKER_START_FAILED', { details: { reason: `the broker ended as soon as it ran (${how})` } });
  });
  try {
    // The broker in a container forgets its data, accounts included.
    await Promise.race([setUp(broker), ended]);
    ended.catch(() => undefined);
    return broker;
  } catch (error) {
    await broker.stop();
    throw error;
  }
}

/**
 * Uses the configured brokers. Without any, starts a broker and restarts it on the same port when
 * it ends.
 * @throws PlatformError `BROKER_MISSING`, `BROKER_START_FAILED`, `DATA_DIR_LOCKED`,
 *   `BROKER_UNAVAILABLE`.
 */
export async function connectBrokers(
  config: StandaloneConfig,
  dataDir: string,
  context: StartContext,
): Promise<InstallationBrokers> {
  const { kafkaBrokers } = config;
  if (kafkaBrokers !== undefined) {
    const given = { KAFKA_BROKERS: kafkaBrokers.join(',') };
    return { servers: kafkaBrokers, environmentOf: () => given, stop: async () => undefined };
  }
  const topics = new Topics(config.topicPrefix);
  const passwords = await passwordsIn(dataDir);
  const options = { dataDir: join(dataDir, 'kafka'), flushEachRecord: config.isFlushedEachBatch, hasAccounts: true };
  const broker = await KeptBroker.start({
    launch: async (port) =>
      launch(port === undefined ? options : { ...options, port }, async (started) => provide(started, config, topics, passwords)),
    ...context,
  });
  const accountOf = (account: KafkaAccount): ClientAccount => ({
    mechanism: 'SCRAM-SHA-512',
    username: topics.accountOf(account),
    password: passwords[account],
  });
  const environmentOf = (service: Service) => {
    const { mechanism, username, password } = accountOf(service);
    return {
      ...noAccess,
      KAFKA_BROKERS: broker.bootstrapServers,
      KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext',
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_USERNAME: username,
      KAFKA_PASSWORD: password,
    };
  };
  return {
    servers: [broker.bootstrapServers],
    environmentOf,
    outside: accountOf(outsideAccount),
    stop: async () => broker.stop(),
  };
}
