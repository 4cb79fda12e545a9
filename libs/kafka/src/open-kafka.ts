import type { Registry as Metrics } from 'prom-client';
import { type PlatformError, type Service, Topics, topicsUsedBy } from '#contracts';
import { type ComparedClock, type KafkaAccessValues, type Logger, nameOfProcess, type ServiceConfig } from '#platform';
import { connectKafka } from './kafkajs/connect-kafka.ts';
import { kafkaAccessOf } from './kafkajs/kafka-access.ts';
import type { RequestPace } from './kafkajs/leader.ts';
import { needsOf } from './kafkajs/needed-rights.ts';
import type { KafkaGateway } from './ports.ts';
import { topicSpecs } from './topic-specs.ts';

/** Settings and parts of a service that its connection to Kafka needs. */
export interface KafkaSettings
  extends Pick<ServiceConfig, 'kafkaBrokers' | 'topicPrefix' | 'partitions' | 'replication' | 'recordTriesMax' | 'batchBytesMax'>,
    KafkaAccessValues {
  /** Name of the service. */
  readonly name: Service;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly fatal: (error: PlatformError) => void;
  /** Compared with the clock of the brokers from now on. */
  readonly clock: ComparedClock;
  /** How long a publish may take, in milliseconds. */
  readonly publishTimeoutMs?: number;
  /** Default {@link promptPace}. */
  readonly publishPace?: RequestPace;
}

/**
 * Connects a service to the brokers, creates the topics of the service that are missing, and checks
 * those that exist.
 * @throws PlatformError `BROKER_UNAVAILABLE`; `BROKER_LOGIN_FAILED`, `BROKER_TLS_FAILED`,
 *   `BROKER_TOKEN_UNAVAILABLE` or `BROKER_ACCESS_DENIED` if the access is refused.
 *   `BROKER_UNSUITABLE` if the brokers lack a request;
 *   `TOPIC_UNSUITABLE` if a topic exists that the service cannot use.
 */
export async function openKafka(settings: KafkaSettings): Promise<KafkaGateway> {
  const gateway = await connectService(settings);
  await gateway.compareClock(settings.clock);
  return gateway;
}

/**
 * As {@link openKafka}, but compares no clock: for a program that only asks whether the brokers
 * take the service. @throws as {@link openKafka}.
 */
export async function connectService(settings: Omit<KafkaSettings, 'clock'>): Promise<KafkaGateway> {
  const { logger } = settings;
  const topics = new Topics(settings.topicPrefix);
  const processName = await nameOfProcess();
  const gateway = await connectKafka({
    brokers: settings.kafkaBrokers,
    access: kafkaAccessOf(settings),
    clientId: topics.groupOf(settings.name),
    ...(processName === undefined ? {} : { processName }),
    topics,
    needs: needsOf(settings.name, topics),
    replication: settings.replication,
    recordTriesMax: settings.recordTriesMax,
    batchBytesMax: settings.batchBytesMax,
    log: (level, message, details) => logger[level](details ?? {}, message),
    onFatal: settings.fatal,
    metrics: settings.metrics,
    ...(settings.publishTimeoutMs === undefined ? {} : { publishTimeoutMs: settings.publishTimeoutMs }),
    ...(settings.publishPace === undefined ? {} : { publishPace: settings.publishPace }),
  });
  const specs = topicSpecs(topics, settings.partitions, topicsUsedBy(settings.name));
  await gateway.admin.ensureTopics(specs);
  await gateway.admin.checkTopics(specs);
  return gateway;
}
