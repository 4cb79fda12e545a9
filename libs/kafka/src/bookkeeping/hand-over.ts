/**
 * Lets partitions go while their process lives: another member gets them, and loses no time.
 *
 * ```text
 * held -> let go: no record begins -> nothing acts, and the work of the process fits into the rest
 *      -> last commit -> lost -> the member joins again without it
 * ```
 *
 * 1. The wait has a limit. At the limit the records that still act are aborted, and the next owner
 *    handles them again.
 * 2. Each partition goes by itself: one long record holds up the others of its partition only.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CommitTimer } from './commit-timer.ts';
import type { FeedSet, TopicPartition } from './feed-set.ts';
import type { PartitionFeed } from './partition-feed.ts';
import type { TransportLog } from '../log.ts';

/** The consumer as its hand-over sees it. */
export interface HandOverPorts {
  readonly feeds: FeedSet;
  readonly commits: CommitTimer;
  readonly log: TransportLog;
  /** Resolves when the work of the process fits into the partitions that it keeps. */
  fits(): Promise<void>;
  /** A partition that was let go is lost: the group may deal it out. */
  lost(partition: TopicPartition): void;
}

/** Longest time for the last commit of a partition, in milliseconds. A rebalance may hold it up. */
const commitTimeoutMs = 6_000;

/** Lets the partitions of a consumer go. */
export class HandOver {
  private readonly underWay = new Map<PartitionFeed, Promise<void>>();

  constructor(private readonly ports: HandOverPorts) {}

  /**
   * Begins to let partitions go. Does nothing for those that are let go already.
   * @param waitMs longest wait for what acts.
   */
  begin(feeds: readonly PartitionFeed[], waitMs: number): void {
    const fresh = feeds.filter((feed) => !this.underWay.has(feed));
    const idle = fresh.map((feed) => ({ feed, acted: feed.letGo() }));
    const fits = fresh.length === 0 ? undefined : this.ports.fits();
    for (const { feed, acted } of idle) this.underWay.set(feed, this.letGo(feed, Promise.all([acted, fits]), waitMs));
  }

  /** Resolves when all partitions that are let go now are lost. */
  async ended(): Promise<void> {
    await Promise.all(this.underWay.values());
  }

  private async letGo(feed: PartitionFeed, isFree: Promise<unknown>, waitMs: number): Promise<void> {
    const { feeds, commits, log, lost } = this.ports;
    const { topic, partition } = feed;
    await within(waitMs, isFree);
    try {
      await within(
        commitTimeoutMs,
        commits.inTurn(async () => feeds.release([feed])),
      );
    } catch (error) {
      // The next owner handles again what is finished and not committed. That is allowed (I5).
      log('warn', 'The last commit of a partition failed', { topic, partition, error: String(error) });
    }
    if (feeds.get(topic, partition) === feed) feeds.lose(feed);
    this.underWay.delete(feed);
    lost({ topic, partition });
  }
}

/** Waits for a promise, but not longer than `limitMs`. @throws what the promise throws. */
async function within(limitMs: number, promise: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([promise, delay(limitMs, undefined, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}
