import { setTimeout as delay } from 'node:timers/promises';
import { partitionName } from '#contracts';
import type { PartitionEnd } from '../ports.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import { KeptConnection } from './kept-connection.ts';
import { SharedRounds } from '../shared-rounds.ts';
import { type OffsetName, offsetsOf } from './partition-offsets.ts';

const triesMax = 5;
const againMs = 100;

/** The answer about one topic. `fault` says why a partition is missing. */
interface Told {
  readonly told: readonly PartitionEnd[];
  readonly fault?: unknown;
}

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
    return allOf(await this.ask(topic, async () => this.looks.ask()));
  }

  /**
   * As {@link of}, of partitions that were known within the age of metadata.
   * @throws as {@link of}.
   */
  async known(topic: string): Promise<readonly PartitionEnd[]> {
    return allOf(await this.ask(topic));
  }

  /** Leaves out the partitions about which the brokers do not answer. @throws if none answers. */
  async told(topic: string): Promise<readonly PartitionEnd[]> {
    return (await this.ask(topic)).told;
  }

  /**
   * Asks again, at new leaders, while a partition is missing.
   * @param look at the partitions of the topic, before the first question.
   */
  private async ask(topic: string, look = async (cluster: ClusterConnection) => this.refreshOld(cluster)): Promise<Told> {
    return this.connection.about(topic, async (cluster) => this.askOn(cluster, topic, look));
  }

  private async askOn(
    cluster: ClusterConnection,
    topic: string,
    look: (cluster: ClusterConnection) => Promise<void>,
  ): Promise<Told> {
    await cluster.addMultipleTargetTopics([topic]);
    await look(cluster);
    let fault: unknown = new Error(`topic ${topic} does not exist`);
    const failed = (error: unknown) => {
      fault = error;
    };
    for (let tries = 1; ; tries += 1) {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId: partition }) => ({ topic, partition }));
      const offsets = async (name: OffsetName) => offsetsOf(cluster, partitions, name, failed);
      const [starts, ends] = await Promise.all([offsets('start'), offsets('end')]);
      const told = partitions.flatMap((one) => {
        const [start, end] = [starts.get(partitionName(one)), ends.get(partitionName(one))];
        return start === undefined || end === undefined ? [] : [{ partition: one.partition, start, end }];
      });
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

function allOf({ told, fault }: Told): readonly PartitionEnd[] {
  if (fault !== undefined) throw fault;
  return told;
}
