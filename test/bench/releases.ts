import type { KafkaGateway, TopicFollower } from '#kafka';
import { percentile } from './load.ts';

/** How late waiting records were released, in milliseconds. */
export interface Lateness {
  readonly records: number;
  /** Negative where one was early. */
  readonly earliestMs: number | undefined;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly latestMs: number | undefined;
}

/**
 * Consumes the records that the retry-scheduler releases. The lateness of a record is its Kafka
 * timestamp minus its `due-at` header.
 */
export class Releases {
  private lateMs: number[] = [];

  private constructor(private readonly follower: TopicFollower) {}

  /** Watches from now on. */
  static async watch(gateway: KafkaGateway): Promise<Releases> {
    const follower = gateway.follower({ topic: gateway.topics.name('invocations'), from: 'latest' });
    const releases = new Releases(follower);
    await follower.start(({ headers, timestamp }) => {
      const dueAt = headers['due-at'];
      if (dueAt !== undefined) releases.lateMs.push(timestamp - Number(dueAt));
    });
    return releases;
  }

  get count(): number {
    return this.lateMs.length;
  }

  /** The lateness of the records since the last call. */
  take(): Lateness {
    const sorted = this.lateMs.toSorted((a, b) => a - b);
    this.lateMs = [];
    return {
      records: sorted.length,
      earliestMs: sorted[0],
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      latestMs: sorted.at(-1),
    };
  }

  async close(): Promise<void> {
    await this.follower.close();
  }
}
