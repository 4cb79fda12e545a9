import type { OutgoingRecord } from '#contracts';
import type { Publisher, TopicAdmin } from '#kafka';
import type { TryResult } from '#lifecycle';
import { reasonOf } from '../destination.ts';
import { publishOutcome } from './publish-outcome.ts';

const weekMs = 7 * 86_400_000;

/** Writes to topics of users, which are made when they are first written to; once made, they are theirs to change. */
export class UserTopics {
  private readonly made = new Map<string, Promise<void>>();

  constructor(
    private readonly admin: Pick<TopicAdmin, 'ensureTopics'>,
    private readonly publisher: Pick<Publisher, 'publish'>,
    private readonly partitions: number,
  ) {}

  /** Writes one record, and says in a delivery's words how it went. A topic that took none is made sure of at the next try: it may have been removed. */
  async write(record: OutgoingRecord): Promise<TryResult> {
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
