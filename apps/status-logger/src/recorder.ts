/**
 * Folds what the topics tell into the store, many events in one transaction.
 *
 * R1. A record's promise settles only after the transaction that holds it (I1).
 * R2. While one transaction runs, events gather for the next: batches grow with the load, and an idle store waits for nothing.
 * R3. A log line is due where the folded status changed, so that a record read again writes none. Lines are written before the
 *     transaction: what fails in between is written twice rather than never.
 */
import { conditions, type IncomingRecord, type StatusRecord } from '#contracts';
import type { StatusEvent } from '#lifecycle';
import type { Clock } from '#platform';
import type { StatusChange } from './status-changes.ts';
import { eventsOf, type ReadEvents, statusLine } from './status-events.ts';
import type { StatusLog, StatusLogLine } from './status-log.ts';
import type { StatusStore } from './status-store.ts';

/** What is told of each transaction. */
export interface RecorderObserver {
  stored(events: number, seconds: number): void;
}

interface Pending {
  readonly read: ReadEvents;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

const eventsPerTransactionMax = 1_000;

/** Records what becomes of invocations. */
export class Recorder {
  private pending: Pending[] = [];
  private isWriting = false;

  constructor(
    private readonly store: StatusStore,
    private readonly log: StatusLog,
    private readonly clock: Clock,
    private readonly observer: RecorderObserver,
  ) {}

  /**
   * Takes a record of a work topic.
   * @param topic without the prefix.
   * @returns resolves once it is in the store.
   * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape, `STORE_UNAVAILABLE`.
   */
  async record(topic: string, record: IncomingRecord): Promise<void> {
    const read = eventsOf(topic, record);
    if (read.events.length === 0) return;
    return new Promise((resolve, reject) => {
      this.pending.push({ read, done: resolve, failed: reject });
      if (!this.isWriting) {
        this.isWriting = true;
        setImmediate(() => void this.writeAll());
      }
    });
  }

  private async writeAll(): Promise<void> {
    while (this.pending.length > 0) {
      const batch = this.pending.splice(0, eventsPerTransactionMax);
      const startedAt = this.clock.now();
      try {
        await this.writeBatch(batch);
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
      this.observer.stored(batch.length, (this.clock.now() - startedAt) / 1_000);
    }
    this.isWriting = false;
  }

  private async writeBatch(batch: readonly Pending[]): Promise<void> {
    const events: StatusEvent[] = [];
    const logOf = new Map<StatusEvent, string>();
    for (const { read } of batch)
      for (const event of read.events) {
        events.push(event);
        if (read.statusLog !== undefined) logOf.set(event, read.statusLog);
      }
    await this.store.fold(events, async (changes) => this.log.append(this.linesOf(changes, logOf)));
  }

  private linesOf(changes: readonly StatusChange[], logOf: ReadonlyMap<StatusEvent, string>): StatusLogLine[] {
    const lines: StatusLogLine[] = [];
    for (const { event, before, after } of changes) {
      const statusLog = logOf.get(event);
      if (statusLog !== undefined && after.status !== before?.status)
        lines.push({ statusLog, line: statusLine(transition(after, this.clock.now())) });
    }
    return lines;
  }
}

/** When the status was reached, as well as the record tells; a wait between attempts begins when it is read. */
function transition(record: StatusRecord, now: number) {
  const { functionUrn, requestId, status, errorCode, errorMessage, attempts } = record;
  const at = record.endedAt ?? (status === 'RUNNING' ? record.startedAt : attempts === 0 ? record.acceptedAt : now) ?? now;
  return {
    functionUrn,
    requestId,
    status,
    at,
    errorCode,
    errorMessage: errorCode === conditions[''].errorCode && record.endedAt !== undefined ? '' : errorMessage,
  };
}
