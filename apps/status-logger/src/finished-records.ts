import { type Service, type TopicName, topicsReadBy } from '#contracts';
import type { KafkaGateway } from '#kafka';
import type { FinishedTo } from '#kafka/strategy';

/** The services that finish invocations. */
const finishers: readonly Service[] = ['executor', 'retry-scheduler'];

/** How far the executors and the retry-schedulers have committed the topics with payloads. */
export async function finishedRecords(kafka: Pick<KafkaGateway, 'admin' | 'topics'>): Promise<readonly FinishedTo[]> {
  const commits = await Promise.all(finishers.map(async (service) => committedBy(service, payloadTopicsOf(service), kafka)));
  return commits.flat();
}

/** How far the services of a group have committed topics. */
export async function committedBy(
  service: Service,
  names: readonly TopicName[],
  { admin, topics }: Pick<KafkaGateway, 'admin' | 'topics'>,
): Promise<readonly FinishedTo[]> {
  const commits = await admin.committed(
    topics.groupOf(service),
    names.map((name) => topics.name(name)),
  );
  return commits.map(({ topic, ...rest }) => ({ topic: topics.withName(topic), ...rest }));
}

/** The topics whose records a service finishes and whose places the store keeps. */
export function payloadTopicsOf(service: Service): readonly TopicName[] {
  return topicsReadBy(service).filter((name) => name.startsWith('invocations') || name.startsWith('delays.'));
}
