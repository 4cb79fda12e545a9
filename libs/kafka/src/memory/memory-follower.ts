import { type IncomingRecord, PlatformError } from '#contracts';
import { type MemoryCluster, nextTurn } from './memory-cluster.ts';
import { isTooNew } from '../bookkeeping/what-to-do.ts';
import type { FollowerOptions, TopicFollower } from '../ports.ts';

/** The gateway as its follower sees it. */
export interface MemoryFollowerPorts {
  /** @throws PlatformError `RECORD_TOO_NEW`, `CONTRACT_VIOLATED`. */
  readonly checkFormat: (record: IncomingRecord) => void;
  /** The partition of this record is read no further. */
  readonly onKept: (record: IncomingRecord, error: PlatformError) => void;
}

/** Follows a topic of a {@link MemoryCluster}. */
export class MemoryFollower implements TopicFollower {
  private readonly positions: number[] = [];
  /** Why partitions are read no further. */
  private readonly kept = new Map<number, PlatformError>();
  private onRecord: ((record: IncomingRecord) => void) | undefined;
  private isScheduled = false;

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly options: FollowerOptions,
    private readonly ports: MemoryFollowerPorts,
  ) {}

  private get topic(): string {
    return this.options.topic;
  }

  async start(onRecord: (record: IncomingRecord) => void): Promise<void> {
    const partitions = this.cluster.partitionsOf(this.topic);
    await nextTurn();
    for (const { records } of partitions) this.positions.push(this.options.from === 'earliest' ? 0 : records.length);
    this.onRecord = onRecord;
    this.poll();
    for (const error of this.kept.values()) throw error;
    this.cluster.listeners.add(this.onAppend);
  }

  async caughtUp(_timeoutMs: number): Promise<void> {
    await nextTurn();
    if (!this.cluster.isReachable) throw new PlatformError('REGISTRY_BEHIND');
    this.poll();
    if (this.kept.size > 0) throw new PlatformError('REGISTRY_BEHIND');
  }

  close(): Promise<void> {
    this.onRecord = undefined;
    this.cluster.listeners.delete(this.onAppend);
    return Promise.resolve();
  }

  private readonly onAppend = (topic: string): void => {
    if (topic !== this.topic || this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.poll();
    });
  };

  private poll(): void {
    for (const [partition, { records }] of this.cluster.partitionsOf(this.topic).entries()) {
      for (;;) {
        const record = records[this.positions[partition] ?? 0];
        if (record === undefined || this.onRecord === undefined || this.kept.has(partition)) break;
        this.positions[partition] = (this.positions[partition] ?? 0) + 1;
        try {
          if (this.options.checksFormatItself !== true) this.ports.checkFormat(record);
          this.onRecord(record);
        } catch (error) {
          if (isTooNew(error)) {
            this.kept.set(partition, error);
            this.ports.onKept(record, error);
            break;
          }
          this.cluster.log('error', 'A follower failed to process a record', { topic: this.topic, error: String(error) });
        }
      }
    }
  }
}
