import type { ReadinessChecks } from '#platform/service';
import type { KafkaGateway } from './ports.ts';

/**
 * The conditions of readiness that a service has because it uses Kafka.
 *
 * - `kafka`: the brokers answer, and no reader stands still.
 * - `release`: this process waits at no record of a newer release.
 */
export function kafkaChecks(gateway: Pick<KafkaGateway, 'isConnected' | 'keptRecords'>): ReadinessChecks {
  return { kafka: () => gateway.isConnected(), release: () => gateway.keptRecords().length === 0 };
}
