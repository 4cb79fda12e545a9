import type { TopicAdmin } from '#kafka';

const weekMs = 7 * 86_400_000;

/** Makes topics of users when they are first written to; once made, they are theirs to change. */
export class TopicMaker {
  private readonly made = new Map<string, Promise<void>>();

  constructor(
    private readonly admin: TopicAdmin,
    private readonly partitions: number,
  ) {}

  /** Resolves when the topic is there. @throws PlatformError `BROKER_UNAVAILABLE`. */
  async ensure(topic: string): Promise<void> {
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
