/**
 * Folds records of the work topics into the store, many in one transaction.
 *
 * R1. The promise of `record` settles only after the transaction that holds the record (I1).
 * R2. While one transaction runs, records gather for the next one. Batches grow with the load, and
 *     an idle store adds no wait.
 * R3. A change of status writes one log line, so a record that is read again writes none. The line
 *     is written just before the commit. If the commit fails, the line is written again. A line
 *     written after the commit would be lost if the process crashed in between.
 * R4. Each transaction also stores how far the partitions were at its start. When no more records
 *     wait, one transaction of its own stores how far they are. So another process that shares the
 *     store learns at once what it can show.
 * R5. While no records come, an empty transaction every few seconds shows if the store is there.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { conditions, type IncomingRecord, PlatformError, type Reject, type StatusRecord, type TopicName } from '#contracts';
import type { StatusEvent } from '#lifecycle';
import type { Clock, Timer } from '#platform';
import type { ProgressToStore } from './progress-to-store.ts';
import type { RecentTransitions } from './recent-transitions.ts';
import type { StatusChange } from './status-changes.ts';
import { eventsOf, type RecordEvents, statusLine, type Transition } from './status-events.ts';
import type { StatusLog, StatusLogLine } from './status-log.ts';
import type { StatusStore } from './status-store.ts';

/** Counts what the recorder does. */
export interface RecorderObserver {
  /**
   * Called after each transaction, also if it failed.
   * @param records how many it held.
   * @param seconds how long it took.
   */
  transactionEnded(records: number, seconds: number): void;
  /** Called when {@link Recorder.isStoring} changes. @param error why it is false now. */
  storingChanged(isStoring: boolean, error?: unknown): void;
}

interface WaitingRecord {
  readonly read: RecordEvents;
  readonly rejected?: Reject;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const recordsPerTransactionMax = 1_000;
/**
 * Some progress follows no transaction: partitions that were assigned now, records without events.
 */
const progressEveryMs = 100;
/** Time without a transaction after which an empty one is tried, in milliseconds. */
const probeEveryMs = 5_000;
const noLines = async (): Promise<void> => undefined;

/** Records the status of every invocation in the store, and its changes in the status log. */
export class Recorder {
  private waiting: WaitingRecord[] = [];
  private isWriting = false;
  private isStoreAway = false;
  private timer: Timer | undefined;
  private triedAtMs: number;

  /** @param progress how far the partitions are whose records come here. */
  constructor(
    private readonly store: Pick<StatusStore, 'fold'>,
    private readonly log: StatusLog,
    private readonly clock: Clock,
    private readonly observer: RecorderObserver,
    private readonly progress: ProgressToStore,
    private readonly recent: Pick<RecentTransitions, 'add'>,
  ) {
    this.triedAtMs = clock.elapsedMs();
  }

  /** False after a transaction failed because the store is away, until one goes well (R5). */
  get isStoring(): boolean {
    return !this.isStoreAway;
  }

  /** Stores progress and looks at the store, also while no records come, until {@link close}. */
  start(): void {
    this.timer = this.clock.setTimer(progressEveryMs, () => {
      this.write();
      this.start();
    });
  }

  /** Stores no more progress of its own accord. */
  close(): void {
    this.timer?.cancel();
  }

  /**
   * Takes a record of a work topic.
   * @param topic without the prefix.
   * @returns resolves after the commit of the transaction that holds the record's events.
   * @throws PlatformError `CONTRACT_VIOLATED` for a record of the wrong shape; `STORE_UNAVAILABLE`.
   */
  async record(topic: TopicName, record: IncomingRecord): Promise<void> {
    const read = eventsOf(topic, record);
    if (read.events.length === 0) return;
    return this.add({ read });
  }

  /**
   * Takes a refused record.
   * @returns resolves after the commit of the transaction that counts it.
   * @throws PlatformError `STORE_UNAVAILABLE`.
   */
  async recordReject(rejected: Reject): Promise<void> {
    return this.add({ read: { events: [] }, rejected });
  }

  private async add(given: Pick<WaitingRecord, 'read' | 'rejected'>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...given, resolve, reject });
      this.write();
    });
  }

  private write(): void {
    if (this.isWriting) return;
    this.isWriting = true;
    void this.writeAll();
  }

  private async writeAll(): Promise<void> {
    do {
      // Records of the same turn of the event loop share the transaction.
      await nextTurn();
      await this.writeWaiting();
      // The consumer learns of the end of a transaction within a turn.
      await nextTurn();
      if (this.waiting.length === 0) await this.storeProgress();
      if (this.waiting.length === 0) await this.probe();
    } while (this.waiting.length > 0);
    this.isWriting = false;
  }

  private async writeWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, recordsPerTransactionMax);
      const startedMs = this.clock.elapsedMs();
      try {
        await this.tried(async () => this.writeBatch(batch));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      this.observer.transactionEnded(batch.length, (this.clock.elapsedMs() - startedMs) / 1_000);
    }
  }

  /** Runs a transaction, and keeps whether the store is there. */
  private async tried(transaction: () => Promise<void>): Promise<void> {
    try {
      await transaction();
      this.changeStoring(true);
    } catch (error) {
      this.changeStoring(!(error instanceof PlatformError && error.code === 'STORE_UNAVAILABLE'), error);
      throw error;
    } finally {
      this.triedAtMs = this.clock.elapsedMs();
    }
  }

  private async probe(): Promise<void> {
    if (this.clock.elapsedMs() - this.triedAtMs < probeEveryMs) return;
    // `isStoring` says how it ended.
    await this.tried(async () => this.store.fold([], noLines)).catch(() => undefined);
  }

  private changeStoring(isStoring: boolean, error?: unknown): void {
    if (isStoring === this.isStoring) return;
    this.isStoreAway = !isStoring;
    this.observer.storingChanged(isStoring, error);
  }

  /** Best effort: the next transaction stores it otherwise. */
  private async storeProgress(): Promise<void> {
    const progress = this.progress.due();
    if (progress.length === 0) return;
    try {
      await this.tried(async () => this.store.fold([], noLines, progress));
      this.progress.hasStored(progress);
    } catch {
      // `isStoring` says so.
    }
  }

  private async writeBatch(batch: readonly WaitingRecord[]): Promise<void> {
    const events: StatusEvent[] = [];
    const logOf = new Map<StatusEvent, string>();
    for (const { read } of batch)
      for (const event of read.events) {
        events.push(event);
        if (read.statusLog !== undefined) logOf.set(event, read.statusLog);
      }
    const rejects = batch.flatMap(({ rejected }) => rejected ?? []);
    const progress = this.progress.due();
    let stored: readonly StatusChange[] = [];
    const beforeCommit = async (changes: readonly StatusChange[]) => {
      stored = changes;
      await this.log.append(this.linesOf(changes, logOf));
    };
    await this.store.fold(events, beforeCommit, progress, rejects);
    this.recent.add(stored);
    this.progress.hasStored(progress);
  }

  private linesOf(changes: readonly StatusChange[], logOf: ReadonlyMap<StatusEvent, string>): StatusLogLine[] {
    const lines: StatusLogLine[] = [];
    for (const { event, before, after } of changes) {
      const statusLog = logOf.get(event);
      if (statusLog !== undefined && after.status !== before?.status)
        lines.push({ statusLog, line: statusLine(transitionTo(after, this.clock.now())) });
    }
    return lines;
  }
}

/**
 * The transition to a record's status. Its time comes from the record, except for a wait between
 * two attempts: no event says when that wait began, so the time is now.
 */
function transitionTo(record: StatusRecord, now: number): Transition {
  const { functionUrn, requestId, status, errorCode, errorMessage, attempts } = record;
  const at = record.endedAt ?? (status === 'RUNNING' ? record.startedAt : attempts === 0 ? record.acceptedAt : now) ?? now;
  const hasSucceeded = errorCode === conditions[''].errorCode && record.endedAt !== undefined;
  return { functionUrn, requestId, status, at, errorCode, errorMessage: hasSucceeded ? '' : errorMessage };
}
