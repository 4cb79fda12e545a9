import { type IncomingRecord, PlatformError } from '#contracts';
import { type MemoryCluster, nextTurn } from './memory-cluster.ts';
import type { TopicFollower } from '../ports.ts';

/** Follows a topic of a {@link MemoryCluster}. */
export class MemoryFollower implements TopicFollower {
  private readonly positions: number[] = [];
  private onRecord: ((record: IncomingRecord) => void) | undefined;
  private isScheduled = false;

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly topic: string,
    private readonly from: 'earliest' | 'latest',
  ) {}

  async start(onRecord: (record: IncomingRecord) => void): Promise<void> {
    const partitions = this.cluster.partitionsOf(this.topic);
    await nextTurn();
    for (const { records } of partitions) this.positions.push(this.from === 'earliest' ? 0 : records.length);
    this.onRecord = onRecord;
    this.poll();
    this.cluster.listeners.add(this.onAppend);
  }

  async caughtUp(_timeoutMs: number): Promise<void> {
    await nextTurn();
    if (!this.cluster.isReachable) throw new PlatformError('REGISTRY_BEHIND');
    this.poll();
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
        if (record === undefined || this.onRecord === undefined) break;
        this.positions[partition] = (this.positions[partition] ?? 0) + 1;
        try {
          this.onRecord(record);
        } catch (error) {
          this.cluster.log('error', 'A follower failed to process a record', { topic: this.topic, error: String(error) });
        }
      }
    }
  }
}
