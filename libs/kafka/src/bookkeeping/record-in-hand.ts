/**
 * One record, from the moment when its feed hands it out until it is finished or left.
 *
 * ```text
 * handler called -> readyToAct -> acts on the world -> writeUntilDone -> finished
 *   ^                                                    ^      |
 *   |-- again, if the handler fails                      |------| again, if the write fails
 * ```
 *
 * 1. The retry of a write never calls the handler again. The outcome of the handler is kept until
 *    it is written.
 * 2. While a write fails, no other record of the partition begins to act. So a partition keeps no
 *    more outcomes than records were acting when the brokers went away.
 * 3. Nothing begins and nothing is written that the membership does not allow; see `membership.ts`.
 *    A record waits until it is allowed, or the partition is lost.
 * 4. A partition that is let go is lost to every record that does not act yet. Those that act may
 *    still write what follows.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type IncomingRecord, PlatformError } from '#contracts';
import type { TransportLog } from '../log.ts';
import type { Interruption, RecordDelivery, RecordHandler, RecordObserver, WriteOptions } from '../ports.ts';
import type { MembershipState } from './membership.ts';
import { againDelayMs, isUnexpected, whatToDo } from './what-to-do.ts';

/** The consumer as its records see it. */
export interface RecordOwner {
  readonly handler: RecordHandler;
  readonly log: TransportLog;
  readonly observer: RecordObserver;
  /** Unexpected errors of one record after which it is given up. */
  readonly triesMax: number;
  readonly membership: MembershipState;
  /** Writes a record to the rejects. */
  reject(record: IncomingRecord, fault: PlatformError): Promise<void>;
  /**
   * Checks the version of a record.
   * @throws PlatformError `RECORD_TOO_NEW`, `CONTRACT_VIOLATED`.
   */
  checkFormat(record: IncomingRecord): void;
  /**
   * Called when a record is given up: the process should end.
   * @param error `RECORD_UNHANDLED`, which names the record.
   */
  giveUp(error: PlatformError): void;
  /** Commits everything that is finished. */
  commit(): Promise<void>;
}

/** The feed as its records see it. */
export interface RecordFeed {
  readonly owner: RecordOwner;
  /** Aborts when another process owns the partition. */
  readonly lost: AbortSignal;
  /** Aborts when the feed is stopped, before it is lost. */
  readonly stopped: AbortSignal;
  /** True from when the partition is let go: no record may begin to act any more. */
  readonly isLettingGo: boolean;
  /** True while the write of a record of this partition fails. */
  readonly hasUnwritten: boolean;
  /** Counts a record that acts or writes, until it has ended. */
  acting(): void;
  /** Counts the records that fail. */
  failing(change: 1 | -1): void;
  /** Counts the records whose write fails. */
  unwritten(change: 1 | -1): void;
  /** Resolves when the membership, `hasUnwritten`, `isLettingGo` or `lost` may have changed. */
  changed(): Promise<void>;
}

/**
 * How a record ended.
 *
 * - `finished`: its handler resolved, or it lies in the rejects.
 * - `left`: the partition was lost, or the feed was stopped. The next owner handles it.
 * - `given-up`: too many unexpected errors; the process ends.
 * - `kept`: a newer release must read it. This process commits nothing at or past it.
 */
export type Ending = 'finished' | 'left' | 'given-up' | 'kept';

/**
 * The answer to a record that may go on at once, as most may. An async function for each step would
 * cost more than the step.
 */
const done = Promise.resolve();

/** One record in the hands of its handler. */
export class RecordInHand implements RecordDelivery {
  private isGivenUp = false;
  private isFailing = false;
  private hasActed = false;

  constructor(
    private readonly record: IncomingRecord,
    private readonly feed: RecordFeed,
    readonly interruption: Interruption | undefined,
  ) {}

  /** Handles or rejects the record, again after failures. Never rejects. */
  end(): Promise<Ending> {
    return this.handle().then((ending) => {
      const staysInTheWay = ending === 'given-up' || ending === 'kept';
      if (this.isFailing && !staysInTheWay) this.feed.failing(-1);
      return ending === 'finished' && this.feed.lost.aborted ? 'left' : ending;
    });
  }

  /** True if the record has acted, or was about to write. */
  get isActing(): boolean {
    return this.hasActed;
  }

  async commit(): Promise<void> {
    await this.feed.owner.commit();
  }

  readyToAct(): Promise<void> {
    return this.ready(mayBegin);
  }

  writeUntilDone(write: () => Promise<void>, { mayBeRefused = false }: WriteOptions = {}): Promise<void> {
    return this.repeat(write, mayBeRefused ? isFinal : isFinalForPromised);
  }

  private ready(isAllowed: (feed: RecordFeed) => boolean): Promise<void> {
    if (this.isLost || !isAllowed(this.feed)) return this.waitUntil(isAllowed);
    this.act();
    return done;
  }

  private async waitUntil(isAllowed: (feed: RecordFeed) => boolean): Promise<void> {
    while (!this.isLost && !isAllowed(this.feed)) await this.feed.changed();
    this.act();
  }

  private async handle(): Promise<Ending> {
    const { owner, lost, stopped } = this.feed;
    let unexpectedErrors = 0;
    for (let tries = 1; ; tries += 1) {
      try {
        if (this.record.unreadable !== undefined) throw unreadable(this.record.unreadable);
        owner.checkFormat(this.record);
        await owner.handler(this.record, lost, this);
        return 'finished';
      } catch (error) {
        if (this.isGivenUp) return 'given-up';
        this.fails();
        if (isUnexpected(error)) unexpectedErrors += 1;
        const { triesMax } = owner;
        switch (whatToDo(error, { isAborted: this.isLost, unexpectedErrors, triesMax })) {
          case 'leave':
            return 'left';
          case 'give-up':
            if (stopped.aborted) return 'left';
            this.giveUp(error, tries);
            return 'given-up';
          case 'keep':
            this.report('warn', 'A record of a newer release waits for a service of that release', error, tries);
            return 'kept';
          case 'reject':
            this.report('warn', 'A record was rejected', error, tries);
            return this.reject(error as PlatformError);
          case 'again':
            this.report(isUnexpected(error) ? 'error' : 'warn', 'A record will be handled again', error, tries);
            if (!(await waited(againDelayMs(tries), stopped))) return 'left';
            owner.observer.handledAgain(this.record.topic);
        }
      }
    }
  }

  private async reject(fault: PlatformError): Promise<Ending> {
    const { owner } = this.feed;
    try {
      // The record must not stay unread because its reject is refused for now.
      await this.repeat(
        () => owner.reject(this.record, fault),
        () => false,
      );
      owner.observer.rejected(this.record.topic);
      return 'finished';
    } catch {
      return this.isGivenUp ? 'given-up' : 'left';
    }
  }

  /**
   * Repeats a write until it is done.
   * @param endsIt true for an error after which no try may pass; it is thrown at once.
   */
  private async repeat(write: () => Promise<void>, endsIt: (error: unknown) => boolean): Promise<void> {
    await this.ready(mayWrite);
    try {
      return await write();
    } catch (error) {
      return this.repeatAfter(error, write, endsIt);
    }
  }

  private async repeatAfter(first: unknown, write: () => Promise<void>, endsIt: (error: unknown) => boolean): Promise<void> {
    const { owner, stopped } = this.feed;
    let error = first;
    let unexpectedErrors = 0;
    let isUnwritten = false;
    try {
      for (let tries = 1; ; tries += 1) {
        if (endsIt(error)) throw error;
        if (isUnexpected(error)) unexpectedErrors += 1;
        if (!isUnwritten) this.feed.unwritten(1);
        isUnwritten = true;
        this.fails();
        if (unexpectedErrors >= owner.triesMax) {
          if (!stopped.aborted) this.giveUp(error, tries);
          throw error;
        }
        await this.waitToWriteAgain(error, tries);
        await this.ready(mayWrite);
        try {
          return await write();
        } catch (next) {
          error = next;
        }
      }
    } finally {
      if (isUnwritten && !this.isGivenUp) this.feed.unwritten(-1);
    }
  }

  /** @throws PlatformError `PARTITION_LOST`. */
  private act(): void {
    if (this.isLost) throw new PlatformError('PARTITION_LOST');
    if (!this.hasActed) this.feed.acting();
    this.hasActed = true;
  }

  private get isLost(): boolean {
    return this.feed.lost.aborted || (this.feed.isLettingGo && !this.hasActed);
  }

  /** A stop does not end the wait: the outcome may still be written while the consumer drains. */
  private async waitToWriteAgain(error: unknown, tries: number): Promise<void> {
    const { owner, lost } = this.feed;
    this.report(isUnexpected(error) ? 'error' : 'warn', 'What follows from a record will be written again', error, tries);
    await waited(againDelayMs(tries), lost);
    owner.observer.writtenAgain(this.record.topic);
  }

  /** While one record fails, its feed hands out nothing more. */
  private fails(): void {
    if (!this.isFailing) this.feed.failing(1);
    this.isFailing = true;
  }

  private giveUp(error: unknown, tries: number): void {
    const { topic, partition, offset } = this.record;
    this.isGivenUp = true;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const reason = `the handler failed ${tries} times on the record of ${topic}, partition ${partition}, offset ${offset}: ${text}`;
    const details = { reason, topic, partition, offset: String(offset), tries };
    this.feed.owner.giveUp(new PlatformError('RECORD_UNHANDLED', { details, cause: error }));
  }

  private report(level: 'warn' | 'error', message: string, error: unknown, tries: number): void {
    const { topic, partition, offset } = this.record;
    this.feed.owner.log(level, message, {
      topic,
      partition,
      offset: String(offset),
      tries,
      error: textOf(error),
      ...(isUnexpected(error) && error instanceof Error ? { stack: error.stack } : {}),
    });
  }
}

function mayBegin({ owner, hasUnwritten }: RecordFeed): boolean {
  return owner.membership.mayBegin && !hasUnwritten;
}

function mayWrite({ owner }: RecordFeed): boolean {
  return owner.membership.mayWrite;
}

/** @returns false if the signal aborted first. */
async function waited(delayMs: number, signal: AbortSignal): Promise<boolean> {
  return delay(delayMs, true, { signal }).catch(() => false);
}

function isFinal(error: unknown): error is PlatformError {
  return error instanceof PlatformError && !error.retryable;
}

/** As {@link isFinal}, for what was promised: an operator may raise the limit of a topic. */
function isFinalForPromised(error: unknown): boolean {
  return isFinal(error) && !isLimitOfTopic(error);
}

/** True for a record of a usual size that the setting of its topic refuses. */
function isLimitOfTopic({ code, details }: PlatformError): boolean {
  return code === 'RECORD_TOO_LARGE' && details['limitedBy'] === 'topic';
}

/** No handler can read the record, so it goes to the rejects (I6). */
function unreadable(reason: string): PlatformError {
  return new PlatformError('CONTRACT_VIOLATED', { details: { reason, rejectCode: 'record-unreadable' } });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
