import type { Message } from 'kafkajs';
import { type EpochMs, epochMs } from '#contracts';
import { answerOf, errorOf } from './kafka-answers.ts';
import type { ClusterConnection } from './kafkajs-internals.ts';
import type { BrokerPool } from './kafkajs-pool.ts';
import { learnMetadata } from './own-broker-pool.ts';
import { byTopic } from './partition-offsets.ts';
import type { PartitionLeader } from '../partition-choice.ts';

/** Records for one partition, in one request. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly Message[];
}

/** The answer of a leader for one partition. */
export interface PartitionAnswer {
  readonly topic: string;
  readonly partition: number;
  /** Code of Kafka; 0 for no error. */
  readonly errorCode: number;
  /** The offset of the first record; negative if the leader wrote none. */
  readonly baseOffset: bigint;
  /** When the leader wrote the records, by its clock. Absent if the topic keeps other times. */
  readonly appendedAt?: EpochMs;
}

/** A topic, as a broker describes it. */
export interface DescribedTopic {
  readonly topic: string;
  /** Why the topic cannot be written, with the `type` of kafkajs. */
  readonly error?: Error & { readonly type?: string };
  readonly partitions: readonly PartitionLeader[];
}

/** The requests of a publisher to the brokers. */
export interface ProduceClient {
  /** @throws an error of kafkajs if no broker answers. */
  describe(topics: readonly string[]): Promise<readonly DescribedTopic[]>;
  /**
   * Writes records with acks=all.
   * @param leader id of the broker.
   * @param timeoutMs how long the leader waits for its followers.
   * @returns what the leader says of each partition: perhaps not of all that were sent.
   * @throws an error of kafkajs if the leader did not answer: the records may be written or not.
   */
  produce(leader: number, batches: readonly PartitionBatch[], timeoutMs: number): Promise<readonly PartitionAnswer[]>;
  disconnect(): Promise<void>;
}

/** A leader answers this long after its own timeout at the latest, in milliseconds. */
const answerDelayMs = 500;

interface ProduceResponse {
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly baseOffset: string;
      readonly logAppendTime?: string;
    }[];
  }[];
}

/** Speaks to single brokers through the connections of kafkajs. */
export class KafkajsProduceClient implements ProduceClient {
  private readonly pool: BrokerPool;

  /** @param cluster is connected before the first request; this client disconnects it. */
  constructor(private readonly cluster: ClusterConnection) {
    this.pool = cluster.brokerPool;
  }

  async describe(topics: readonly string[]): Promise<readonly DescribedTopic[]> {
    const { topicMetadata } = await learnMetadata(this.pool, topics);
    return topicMetadata.map(({ topic, topicErrorCode, partitionMetadata }) => ({
      topic,
      partitions: partitionMetadata.toSorted((one, other) => one.partitionId - other.partitionId),
      ...(topicErrorCode === 0 ? {} : { error: errorOf(topicErrorCode) }),
    }));
  }

  async produce(leader: number, batches: readonly PartitionBatch[], timeoutMs: number): Promise<readonly PartitionAnswer[]> {
    const broker = await this.pool.findBroker({ nodeId: leader });
    const topicData = byTopic(batches.map((batch) => ({ ...batch, firstSequence: 0 })));
    const request = { acks: -1, timeout: timeoutMs, topicData };
    const { topics } = await answerOf<ProduceResponse>(broker, 'Produce', request, { requestTimeout: timeoutMs + answerDelayMs });
    return topics.flatMap(({ topicName, partitions }) =>
      partitions.map(({ partition, errorCode, baseOffset, logAppendTime = '-1' }) => {
        const appended = logAppendTime === '-1' ? {} : { appendedAt: epochMs(Number(logAppendTime)) };
        return { topic: topicName, partition, errorCode, baseOffset: BigInt(baseOffset), ...appended };
      }),
    );
  }

  disconnect(): Promise<void> {
    return this.cluster.disconnect();
  }
}
