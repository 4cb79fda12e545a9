import { type BatchLimits, BatchQueue, type QueuedRecord } from './publisher-queue.ts';
import { RecordRate } from './record-rate.ts';

/** Bounds of the requests to one broker. */
export interface LeaderLimits extends BatchLimits {
  /** Requests in flight to one broker. */
  readonly requestsMax: number;
  /**
   * Records that must be queued before a request is sent beside others in flight. Fewer records
   * wait, and share a request. Records that give way do not count.
   */
  readonly extraRequestRecordsMin: number;
  readonly pace: RequestPace;
}

/** How far apart requests to one broker begin while many records come. */
export interface RequestPace {
  /** The distance at {@link busyPerSecond}, in milliseconds. */
  readonly leastMs: number;
  /** The distance from {@link floodPerSecond} on, in milliseconds. */
  readonly mostMs: number;
  /** So many queued records wait for no distance: their request is full enough. */
  readonly fullRecords: number;
}

/** For records that somebody waits for, such as those of callers and those that are due. */
export const promptPace: RequestPace = { leastMs: 3, mostMs: 5, fullRecords: 64 };
/** For records that mostly tell what has been done. */
export const gatheringPace: RequestPace = { leastMs: 3, mostMs: 8, fullRecords: 256 };

/** A request that waits for longer makes its broker overdue, in milliseconds. */
const overdueAfterMs = 1_000;
/** A broker without requests in flight is tried again after this time, in milliseconds. */
const againAfterMs = 5_000;

/** From so many records a second on, requests have a distance. */
const busyPerSecond = 500;
/** From so many records a second on, the distance grows until {@link floodPerSecond}. */
const crowdedPerSecond = 6_000;
const floodPerSecond = 10_000;
const rateWindowMs = 100;

/** The records and requests of one leading broker. A broker that hangs holds up no other one. */
export class Leader {
  readonly queue: BatchQueue;
  private overdueSince: number | undefined;
  private begunAt = Number.NEGATIVE_INFINITY;
  private readonly rate = new RecordRate(rateWindowMs, 0);
  private readonly sentAt = new Map<symbol, number>();

  constructor(
    readonly id: number,
    private readonly limits: LeaderLimits,
    dropped: (record: QueuedRecord) => void,
  ) {
    this.queue = new BatchQueue(limits, dropped);
  }

  /** Requests in flight. */
  get requests(): number {
    return this.sentAt.size;
  }

  /** May the next request be sent now? */
  get maySend(): boolean {
    const { requestsMax, extraRequestRecordsMin } = this.limits;
    if (this.requests === 0) return true;
    return this.requests < requestsMax && this.queue.pressingRecords >= extraRequestRecordsMin;
  }

  /** How long the queued records should wait for others, in milliseconds; 0 for not at all. */
  pauseMs(now: number): number {
    const { pace } = this.limits;
    const perSecond = this.rate.perSecond ?? 0;
    if (perSecond <= busyPerSecond || this.queue.size >= pace.fullRecords) return 0;
    return Math.max(0, this.begunAt + distanceMs(pace, perSecond) - now);
  }

  /** Counts a request as in flight until it ends. */
  async request<Answer>(records: number, now: number, send: () => Promise<Answer>): Promise<Answer> {
    const ticket = Symbol('request');
    this.sentAt.set(ticket, now);
    this.begunAt = now;
    this.rate.count(records);
    this.rate.look(now);
    try {
      const answer = await send();
      this.overdueSince = undefined;
      return answer;
    } finally {
      this.sentAt.delete(ticket);
    }
  }

  /** True from a request that waits for too long until the broker answers or is tried again. */
  get isOverdue(): boolean {
    return this.overdueSince !== undefined;
  }

  /** Finds out whether the broker owes an answer for too long. */
  isOverdueAt(now: number): boolean {
    const [oldest = Infinity] = this.sentAt.values();
    if (now - oldest > overdueAfterMs) this.overdueSince = now;
    else if (this.requests === 0 && now - (this.overdueSince ?? now) > againAfterMs) this.overdueSince = undefined;
    return this.isOverdue;
  }
}

function distanceMs({ leastMs, mostMs }: RequestPace, perSecond: number): number {
  const crowded = (perSecond - crowdedPerSecond) / (floodPerSecond - crowdedPerSecond);
  return leastMs + (mostMs - leastMs) * Math.min(1, Math.max(0, crowded));
}
