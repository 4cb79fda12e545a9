import type { Registry as Metrics } from 'prom-client';
import { type PlatformError, Topics, type Service } from '#contracts';
import { type Logger, nameOfProcess, type ServiceConfig } from '#platform';
import { connectKafka } from './kafkajs/connect-kafka.ts';
import type { KafkaGateway } from './ports.ts';
import { topicSpecs } from './topic-specs.ts';

/** Settings and parts of a service that its connection to Kafka needs. */
export interface KafkaSettings
  extends Pick<ServiceConfig, 'kafkaBrokers' | 'topicPrefix' | 'partitions' | 'replication' | 'recordTriesMax'> {
  /** Name of the service. */
  readonly name: Service;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly fatal: (error: PlatformError) => void;
  /** How long a publish may take, in milliseconds. */
  readonly publishTimeoutMs?: number;
}

/**
 * Connects a service to the brokers, and creates the topics of the platform that are missing.
 * @throws PlatformError `BROKER_UNAVAILABLE`.
 */
export async function openKafka(settings: KafkaSettings): Promise<KafkaGateway> {
  const { logger } = settings;
  const topics = new Topics(settings.topicPrefix);
  const processName = await nameOfProcess();
  const gateway = await connectKafka({
    brokers: settings.kafkaBrokers,
    clientId: topics.groupOf(settings.name),
    ...(processName === undefined ? {} : { processName }),
    topics,
    replication: settings.replication,
    recordTriesMax: settings.recordTriesMax,
    log: (level, message, details) => logger[level](details ?? {}, message),
    onFatal: settings.fatal,
    metrics: settings.metrics,
    ...(settings.publishTimeoutMs === undefined ? {} : { publishTimeoutMs: settings.publishTimeoutMs }),
  });
  await gateway.admin.ensureTopics(topicSpecs(topics, settings.partitions));
  return gateway;
}
