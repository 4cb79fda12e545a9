import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import { gaugeOf, systemClock } from '#platform';
import type { KeptRecord, PartitionEnd, PartitionProgress, PublisherLoad, RecordObserver, UnreadRecords } from './ports.ts';

/** Sources of the gauges of a gateway. They are read each time the metrics are collected. */
export interface GatewayNumbers {
  publisherLoad(): PublisherLoad;
  /** The partitions of all consumers that are open now. */
  progress(): readonly PartitionProgress[];
  /** The records of newer releases at which this process waits. */
  keptRecords(): readonly KeptRecord[];
  /** Asks the brokers. May reject. */
  ends(topic: string): Promise<readonly PartitionEnd[]>;
}

/**
 * Registers the metrics of a gateway. Gauges cost nothing between two collections; the counters are
 * for what seldom happens.
 * @param metrics the registry of the process; undefined registers nothing.
 * @returns the observer that the consumers report to.
 */
export function registerGatewayMetrics(metrics: Metrics | undefined, numbers: GatewayNumbers): RecordObserver {
  if (metrics === undefined) return { rejected: () => undefined, handledAgain: () => undefined, writtenAgain: () => undefined };
  const { publisherLoad, progress, keptRecords } = numbers;
  gaugeOf(
    metrics,
    'sendoff_publisher_records',
    'Records that this process publishes and the brokers have not acknowledged yet.',
    () => publisherLoad().records,
  );
  gaugeOf(
    metrics,
    'sendoff_publisher_bytes',
    'Bytes of the records that this process publishes and the brokers have not acknowledged yet.',
    () => publisherLoad().bytes,
  );
  gaugeOf(
    metrics,
    'sendoff_publisher_requests',
    'Write requests that the brokers have not answered yet.',
    () => publisherLoad().requests,
  );
  gaugeOf(
    metrics,
    'sendoff_partitions_paused',
    'Partitions of this process that are not fetched, because records in flight reached a limit or a record fails.',
    () => progress().filter(({ isPaused }) => isPaused).length,
  );
  gaugeOf(
    metrics,
    'sendoff_partitions_of_newer_release',
    'Partitions that this process reads no further, because only a newer release can read their next record.',
    () => keptRecords().length,
  );
  new Gauge({
    name: 'sendoff_consumer_lag_records',
    help: 'Records of the partitions of this process that are not finished, absent while the brokers do not answer.',
    labelNames: ['topic'],
    registers: [metrics],
    async collect() {
      const lag = await lagByTopic(numbers);
      this.reset();
      for (const [topic, records] of lag) this.set({ topic }, records);
    },
  });
  new Gauge({
    name: 'sendoff_oldest_record_age_seconds',
    help: 'Age of the oldest record that this process has read and not finished, 0 if there is none.',
    labelNames: ['topic'],
    registers: [metrics],
    collect() {
      this.reset();
      for (const [topic, ageMs] of oldestByTopic(progress(), systemClock.now())) this.set({ topic }, ageMs / 1_000);
    },
  });
  const rejects = new Counter({
    name: 'sendoff_rejects_total',
    help: 'Records that were written to the rejects because no later try could handle them, by the topic they came from.',
    labelNames: ['topic'],
    registers: [metrics],
  });
  const again = new Counter({
    name: 'sendoff_records_again_total',
    help: 'Calls of a handler with a record on which it had failed before, by topic.',
    labelNames: ['topic'],
    registers: [metrics],
  });
  const written = new Counter({
    name: 'sendoff_writes_again_total',
    help: 'Writes of what follows from a record that were repeated because they had failed before, by the topic of the record.',
    labelNames: ['topic'],
    registers: [metrics],
  });
  return {
    rejected: (topic) => rejects.inc({ topic }),
    handledAgain: (topic) => again.inc({ topic }),
    writtenAgain: (topic) => written.inc({ topic }),
  };
}

/**
 * Records between the low-water marks and the ends of partitions, by topic. Leaves out topics whose
 * ends the brokers do not tell.
 */
async function lagByTopic({ progress, ends }: GatewayNumbers): Promise<ReadonlyMap<string, number>> {
  const lag = new Map<string, number>();
  const byTopic = new Map<string, PartitionProgress[]>();
  for (const one of progress()) byTopic.set(one.topic, [...(byTopic.get(one.topic) ?? []), one]);
  const addLag = async (topic: string, partitions: readonly PartitionProgress[]): Promise<void> => {
    const bounds = new Map((await ends(topic)).map((bound) => [bound.partition, bound]));
    const records = partitions.map(({ partition, finishedTo }) => unfinished(finishedTo, bounds.get(partition)));
    lag.set(
      topic,
      records.reduce((sum, one) => sum + one, 0),
    );
  };
  await Promise.allSettled([...byTopic].map(([topic, partitions]) => addLag(topic, partitions)));
  return lag;
}

/** The largest age of the records in progress by topic, in milliseconds. */
function oldestByTopic(progress: readonly PartitionProgress[], now: number): ReadonlyMap<string, number> {
  const ages = new Map<string, number>();
  for (const { topic, oldestAt = now } of progress) ages.set(topic, Math.max(ages.get(topic) ?? 0, now - oldestAt));
  return ages;
}

/** Counts the records of a topic's partitions that no handler has got yet. */
export async function unreadOf(
  { progress, ends }: Pick<GatewayNumbers, 'progress' | 'ends'>,
  topic: string,
): Promise<readonly UnreadRecords[]> {
  const partitions = progress().filter((one) => one.topic === topic);
  if (partitions.length === 0) return [];
  const bounds = new Map((await ends(topic)).map((bound) => [bound.partition, bound]));
  return partitions.map(({ partition, handedOutTo }) => ({
    partition,
    records: unfinished(handedOutTo, bounds.get(partition)),
  }));
}

/** Records that retention has deleted do not count: nobody can read them any more. */
function unfinished(finishedTo: bigint, bound: PartitionEnd | undefined): number {
  if (bound === undefined) return 0;
  const from = finishedTo > bound.start ? finishedTo : bound.start;
  return bound.end > from ? Number(bound.end - from) : 0;
}
