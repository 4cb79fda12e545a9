import type { QueuedRecord } from './publisher-queue.ts';

const pauseMinMs = 50;
const pauseMaxMs = 1_000;

/**
 * Records that are not acknowledged are parked. After a pause a round looks for the leaders of
 * their partitions, and queues them again. Pauses double until a round leaves no record parked.
 */
export class PublishRounds {
  private parked: QueuedRecord[] = [];
  private round: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pauseMs = pauseMinMs;
  private isStopped = false;

  /** @param findLeaders makes one round. It takes the parked records, and never rejects. */
  constructor(private readonly findLeaders: () => Promise<void>) {}

  /** The records that wait for the next round. */
  get waiting(): readonly QueuedRecord[] {
    return this.parked;
  }

  /**
   * Keeps records for the next round.
   * @param isUrgent true to look without a pause, unless rounds are being made already.
   */
  park(records: readonly QueuedRecord[], isUrgent: boolean): void {
    for (const record of records) this.parked.push(record);
    if (isUrgent && this.round === undefined && this.pauseMs === pauseMinMs) this.start();
    else this.startLater();
  }

  /** Takes the parked records that match; by default all. */
  take(matches: (record: QueuedRecord) => boolean = () => true): readonly QueuedRecord[] {
    const taken = this.parked.filter(matches);
    this.parked = this.parked.filter((record) => !matches(record));
    return taken;
  }

  /** Makes a round after a pause, unless one is due or under way. */
  startLater(): void {
    if (this.timer !== undefined || this.round !== undefined || this.isStopped) return;
    this.timer = setTimeout(() => this.start(), this.pauseMs);
    this.pauseMs = Math.min(pauseMaxMs, this.pauseMs * 2);
  }

  /** Makes a round in a microtask, unless one is under way. */
  start(): void {
    if (this.round !== undefined || this.isStopped) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.round = Promise.resolve()
      .then(() => this.findLeaders())
      .finally(() => {
        this.round = undefined;
        if (this.parked.length > 0) this.startLater();
        else this.pauseMs = pauseMinMs;
      });
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }
}
