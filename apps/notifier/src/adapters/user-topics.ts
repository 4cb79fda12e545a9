import { LRUCache } from 'lru-cache';
import type { OutgoingRecord } from '#contracts';
import type { Publisher, TopicAdmin } from '#kafka';
import type { TryResult } from '#lifecycle';
import { reasonOf } from '../destination.ts';
import { deferredOnAbort } from './deferred-on-abort.ts';
import { publishOutcome } from './publish-outcome.ts';

const weekMs = 7 * 86_400_000;
const topicsMax = 10_000;

/**
 * Writes to topics of users. A topic is created when it is first written to. Its settings belong to
 * the user from then on.
 */
export class UserTopics {
  /** The creation of each topic that this process has written to lately. */
  private readonly made = new LRUCache<string, Promise<void>>({ max: topicsMax });

  constructor(
    private readonly admin: Pick<TopicAdmin, 'ensureTopics'>,
    private readonly publisher: Pick<Publisher, 'publish'>,
    private readonly partitions: number,
  ) {}

  /**
   * Writes one record. If that fails, the next try checks again whether the topic exists, because
   * it may have been deleted.
   * @param signal The try is `deferred` as soon as it aborts.
   */
  async write(record: OutgoingRecord, signal: AbortSignal): Promise<TryResult> {
    const result = await deferredOnAbort(signal, async () => this.tryToWrite(record));
    return result.kind === 'deferred' ? { ...result, isOfBrokers: true } : result;
  }

  private async tryToWrite(record: OutgoingRecord): Promise<TryResult> {
    const { topic, key } = record;
    try {
      await this.ensure(topic);
    } catch (error) {
      return { kind: 'deferred', reason: reasonOf(error) };
    }
    const delivery = await publishOutcome(this.publisher, record, `kafka topic ${topic}, key ${key}`);
    if (delivery.kind !== 'delivered') this.made.delete(topic);
    return delivery;
  }

  private async ensure(topic: string): Promise<void> {
    const known =
      this.made.get(topic) ??
      this.admin.ensureTopics([{ topic, partitions: this.partitions, isCompacted: false, retentionMs: weekMs }]);
    this.made.set(topic, known);
    try {
      await known;
    } catch (error) {
      this.made.delete(topic);
      throw error;
    }
  }
}
