import { setTimeout as delay } from 'node:timers/promises';
import { type IncomingRecord, partitionName } from '#contracts';
import type { TopicPartition } from '../bookkeeping/feed-set.ts';
import { fetchedRecords } from './fetched-records.ts';
import { incomingRecord } from './incoming-record.ts';
import { errorOf } from './kafka-answers.ts';
import { type ClusterConnection, fetchedBy } from './kafkajs-internals.ts';
import { KeptConnection } from './kept-connection.ts';
import { leaderOf } from './partition-offsets.ts';

const triesMax = 3;
const againMs = 100;
/** A broker that has records answers at once; this is for the end of a partition. */
const waitMs = 100;
/** A broker answers with one batch at least, even if it is larger. */
const bytesMax = 1_048_576;

/** Reads records at known offsets, without a group. It keeps one connection. */
export class RecordLookup {
  private readonly connection: KeptConnection;

  constructor(newCluster: () => ClusterConnection) {
    this.connection = new KeptConnection(newCluster);
  }

  /**
   * Reads records from an offset on.
   * @returns about 1 MiB of records, and no more than `recordsMax`. None if the broker does not
   *   have the offset.
   * @throws the error of a broker after {@link triesMax} tries.
   */
  async from(partition: TopicPartition, offset: bigint, recordsMax: number): Promise<readonly IncomingRecord[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.fetch(partition, offset, recordsMax);
      } catch (error) {
        if (tries === triesMax) throw error;
        await delay(againMs * tries);
        await this.connection.about(partition.topic, async (cluster) => cluster.refreshMetadata());
      }
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  private async fetch(at: TopicPartition, offset: bigint, recordsMax: number): Promise<readonly IncomingRecord[]> {
    return this.connection.about(at.topic, async (cluster) => this.fetchOn(cluster, at, offset, recordsMax));
  }

  private async fetchOn(
    cluster: ClusterConnection,
    at: TopicPartition,
    offset: bigint,
    recordsMax: number,
  ): Promise<readonly IncomingRecord[]> {
    const { topic, partition } = at;
    await cluster.addMultipleTargetTopics([topic]);
    const leader = leaderOf(cluster, at);
    if (leader < 0) throw new Error(`no broker leads ${partitionName(at)}`);
    const broker = await cluster.findBroker({ nodeId: String(leader) });
    const partitions = [{ partition, fetchOffset: String(offset), maxBytes: bytesMax }];
    const { responses } = await fetchedBy(broker, {
      maxWaitTime: waitMs,
      minBytes: 1,
      maxBytes: bytesMax,
      isolationLevel: 1,
      topics: [{ topic, partitions }],
    });
    const answer = responses.find(({ topicName }) => topicName === topic)?.partitions.find((one) => one.partition === partition);
    if (answer === undefined) throw new Error(`the broker did not answer about ${partitionName(at)}`);
    if (answer.errorCode !== 0) {
      const error = errorOf(answer.errorCode);
      if (error.type === 'OFFSET_OUT_OF_RANGE') return [];
      throw error;
    }
    const { messages, next } = fetchedRecords(answer, offset);
    // Nobody gets control records, nor those of an aborted transaction. Callers would take an empty
    // answer for the end of the partition.
    if (messages.length === 0 && next > offset) return this.fetchOn(cluster, at, next, recordsMax);
    return messages.slice(0, recordsMax).map((message) => incomingRecord(topic, partition, message));
  }
}
