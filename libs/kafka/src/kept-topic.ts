/**
 * Writes the state of a compacted topic again that the topic lost: somebody deleted it, and it was
 * created again. Otherwise a process that starts later would not find the state.
 *
 * K1. A key is lost from the loss on until a record of it is read. So what others write meanwhile
 *     is not overwritten.
 * K2. The follower catches up before each write, so that a change of others counts. All processes
 *     that have read the state may write it: they write the same.
 */
import type { IncomingRecord, OutgoingRecord } from '#contracts';
import { type Clock, FailureStreak, type Logger, RepeatedWork } from '#platform';
import type { KafkaGateway, TopicFollower } from './ports.ts';

const lookEveryMs = 1_000;
const caughtUpTimeoutMs = 5_000;
/** Keys that are written at once. */
const batchMax = 500;

/** Parts of a {@link KeptTopic}. */
export interface KeptTopicParts {
  /** Physical name. */
  readonly topic: string;
  readonly gateway: Pick<KafkaGateway, 'follower' | 'publisher'>;
  /** The keys of all state that this process has read and may write. */
  readonly keys: () => Iterable<string>;
  /** The record of a key as it is now. @returns undefined if nothing is known of it any more. */
  readonly recordOf: (key: string) => OutgoingRecord | undefined;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Follows one topic from its start, and keeps its state. */
export class KeptTopic {
  private readonly follower: TopicFollower;
  private readonly lost = new Set<string>();
  private readonly looks: RepeatedWork;
  private readonly failures: FailureStreak;

  constructor(private readonly parts: KeptTopicParts) {
    const { gateway, topic } = parts;
    this.follower = gateway.follower({ topic, from: 'earliest', onLoss: () => this.noteLoss() });
    this.looks = new RepeatedWork(parts.clock, lookEveryMs, async () => this.look());
    this.failures = new FailureStreak(parts.logger, {
      fails: `the state that ${parts.topic} lost could not be written again; trying again in 1 s`,
      works: `the state that ${parts.topic} lost is written again`,
    });
  }

  /** Resolves when the topic was read to its end. Goes on until {@link close}. */
  async start(onRecord: (record: IncomingRecord) => void): Promise<void> {
    this.looks.start();
    await this.follower.start((record) => {
      // K1.
      if (this.lost.size > 0 && record.key !== null) this.lost.delete(record.key);
      onRecord(record);
    });
  }

  /** As {@link TopicFollower.caughtUp}. */
  async caughtUp(timeoutMs: number): Promise<void> {
    return this.follower.caughtUp(timeoutMs);
  }

  async close(): Promise<void> {
    this.looks.close();
    await this.follower.close();
  }

  /** K1. The follower reads the topic from its start now. */
  private noteLoss(): void {
    const { topic, keys, logger } = this.parts;
    for (const key of keys()) this.lost.add(key);
    if (this.lost.size > 0)
      logger.warn({ topic, keys: this.lost.size }, 'A topic lost its state; what this process knows of it is written again');
  }

  private async look(): Promise<void> {
    if (this.lost.size === 0) return;
    const { gateway, recordOf } = this.parts;
    try {
      await this.follower.caughtUp(caughtUpTimeoutMs);
      const found = [...this.lost].slice(0, batchMax).map((key) => ({ key, record: recordOf(key) }));
      for (const { key, record } of found) if (record === undefined) this.lost.delete(key);
      const records = found.flatMap(({ record }) => (record === undefined ? [] : [record]));
      if (records.length > 0) await gateway.publisher.publish(records);
      this.failures.worked();
    } catch (error) {
      this.failures.failed(error);
    }
  }
}
