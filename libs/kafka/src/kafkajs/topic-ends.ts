import { setTimeout as delay } from 'node:timers/promises';
import { epochMs, partitionName } from '#contracts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import type { OldestRecord, PartitionEnd, PartitionOffset } from '../ports.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import { KeptConnection } from './kept-connection.ts';
import { SharedRounds } from '../shared-rounds.ts';
import { type OffsetName, offsetsOf, offsetsSince, oldestOf } from './partition-offsets.ts';

const triesMax = 5;
const againMs = 100;

/** The answer about one topic. `fault` says why a partition is missing. */
interface Told<One> {
  readonly told: readonly One[];
  readonly fault?: unknown;
}

/** Asks about partitions. `failed` is told why some are missing in the answer. */
type Question<One> = (
  cluster: ClusterConnection,
  partitions: readonly TopicPartition[],
  failed: (error: unknown) => void,
) => Promise<readonly One[]>;

/**
 * Tells where the partitions of topics begin and end. The admin of kafkajs asks a broker that led a
 * partition up to five minutes ago, and does not see partitions that were added since.
 */
export class TopicEnds {
  private readonly connection: KeptConnection;
  private refreshedAt = 0;
  private readonly looks = new SharedRounds(async () => this.refresh(await this.connection.connected()));

  /** @param metadataAgeMaxMs age at which the partitions of topics are asked for again. */
  constructor(
    newCluster: () => ClusterConnection,
    private readonly metadataAgeMaxMs: number,
  ) {
    this.connection = new KeptConnection(newCluster);
  }

  /**
   * Looks at the partitions first, so that none is left out that was added before the call.
   * @throws the error of a broker, if not all partitions could be asked.
   */
  async of(topic: string): Promise<readonly PartitionEnd[]> {
    return allOf(await this.ask(topic, endsOf, async () => this.looks.ask()));
  }

  /**
   * As {@link of}, of partitions that were known within the age of metadata.
   * @throws as {@link of}.
   */
  async known(topic: string): Promise<readonly PartitionEnd[]> {
    return allOf(await this.ask(topic, endsOf));
  }

  /** Leaves out the partitions about which the brokers do not answer. @throws if none answers. */
  async told(topic: string): Promise<readonly PartitionEnd[]> {
    return (await this.ask(topic, endsOf)).told;
  }

  /** When the oldest record of each partition was written. @throws as {@link of}. */
  async oldest(topic: string): Promise<readonly OldestRecord[]> {
    const all = allOf(await this.ask(topic, oldestRecordsOf, async () => this.looks.ask()));
    return all.filter(({ at }) => at >= 0);
  }

  /** The offsets of the first records that are not older than an instant. @throws as {@link of}. */
  async at(topic: string, at: number): Promise<readonly PartitionOffset[]> {
    return allOf(await this.ask(topic, offsetsQuestion(at), async () => this.looks.ask()));
  }

  /**
   * Asks again, at new leaders, while a partition is missing.
   * @param look at the partitions of the topic, before the first question.
   */
  private async ask<One>(
    topic: string,
    question: Question<One>,
    look = async (cluster: ClusterConnection) => this.refreshOld(cluster),
  ): Promise<Told<One>> {
    return this.connection.about(topic, async (cluster) => this.askOn(cluster, topic, question, look));
  }

  private async askOn<One>(
    cluster: ClusterConnection,
    topic: string,
    question: Question<One>,
    look: (cluster: ClusterConnection) => Promise<void>,
  ): Promise<Told<One>> {
    await cluster.addMultipleTargetTopics([topic]);
    await look(cluster);
    let fault: unknown = new Error(`topic ${topic} does not exist`);
    const failed = (error: unknown) => {
      fault = error;
    };
    for (let tries = 1; ; tries += 1) {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId: partition }) => ({ topic, partition }));
      const told = await question(cluster, partitions, failed);
      if (partitions.length > 0 && told.length === partitions.length) return { told };
      if (tries === triesMax) return { told, fault };
      if (tries > 1) await delay(againMs);
      await this.refresh(cluster);
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  private async refreshOld(cluster: ClusterConnection): Promise<void> {
    if (performance.now() - this.refreshedAt >= this.metadataAgeMaxMs) await this.refresh(cluster);
  }

  private async refresh(cluster: ClusterConnection): Promise<void> {
    await cluster.refreshMetadata();
    this.refreshedAt = performance.now();
  }
}

const endsOf: Question<PartitionEnd> = async (cluster, partitions, failed) => {
  const offsets = async (name: OffsetName) => offsetsOf(cluster, partitions, name, failed);
  const [starts, ends] = await Promise.all([offsets('start'), offsets('end')]);
  return partitions.flatMap((one) => {
    const [start, end] = [starts.get(partitionName(one)), ends.get(partitionName(one))];
    return start === undefined || end === undefined ? [] : [{ partition: one.partition, start, end }];
  });
};

/** The time of a partition without records is -1. */
const oldestRecordsOf: Question<OldestRecord> = async (cluster, partitions, failed) => {
  const times = await oldestOf(cluster, partitions, failed);
  return partitions.flatMap((one) => {
    const at = times.get(partitionName(one));
    return at === undefined ? [] : [{ partition: one.partition, at: epochMs(at) }];
  });
};

/** A partition whose records are all older is told with its end. */
function offsetsQuestion(at: number): Question<PartitionOffset> {
  return async (cluster, partitions, failed) => {
    const since = await offsetsSince(cluster, partitions, at, failed);
    const ends = await offsetsOf(cluster, partitions, 'end', failed);
    return partitions.flatMap((one) => {
      const [first, end] = [since.get(partitionName(one)), ends.get(partitionName(one))];
      if (first === undefined || end === undefined) return [];
      return { partition: one.partition, offset: first < 0n ? end : first };
    });
  };
}

function allOf<One>({ told, fault }: Told<One>): readonly One[] {
  if (fault !== undefined) throw fault;
  return told;
}
