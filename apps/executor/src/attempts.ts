import {
  type Activity,
  bareUrnOf,
  decodeInvocation,
  delayed,
  encodeActivity,
  encodeInvocation,
  laneSpread,
  encodeSettlement,
  type EpochMs,
  epochMs,
  type IncomingRecord,
  type Invocation,
  nearHorizonMs,
  nextAttempt,
  type OutgoingRecord,
  partitionName,
  placeOf,
  type Topics,
} from '#contracts';
import type { Publisher, RecordDelivery } from '#kafka';
import {
  admit,
  type AttemptOutcome,
  cancelledMessage,
  type Circumstances,
  decide,
  delayTopicFor,
  type Ending,
  type NextChance,
  settledWithoutRun,
  settlementOf,
  waitWhilePaused,
  runningShownAfterMs,
} from '#lifecycle';
import { type CancelSignal, type Clock, type Random, RecentWork, type Taken, TimeSinceArrival, type Tracing } from '#platform';
import { attemptAct, traced } from './attempt-act.ts';
import { type AttemptQueue, noPlace, type Ticket } from './attempt-queue.ts';
import type { Chances } from './chances.ts';
import type { Runnable, RunnableFunctions } from './runnable-functions.ts';
import type { CancellableAttempt, RunningAttempts } from './running-attempts.ts';
import type { FunctionCall } from './runtime.ts';
import type { StoredPayloads } from './stored-payloads.ts';

/** Receives the measurements of each attempt. */
export interface AttemptObserver {
  attempted(outcome: string, seconds: number): void;
  /**
   * @param lateSeconds between the due time and the start, at least 0.
   * @param wasLimited true if the limit of the function held the attempt back meanwhile.
   */
  started(lateSeconds: number, wasLimited: boolean): void;
  overflowed(): void;
}

/** Bounds of the attempts of one process. */
export interface AttemptLimits {
  /** Attempts of one function that may wait on the express lane before the rest goes to bulk. */
  readonly expressQueueMax: number;
  /** Bytes of the attempts of one function, from which the rest goes to bulk. */
  readonly expressBytesMax: number;
}

/** Parts of {@link Attempts}. */
export interface AttemptParts {
  readonly publisher: Publisher;
  readonly topics: Topics;
  readonly functions: RunnableFunctions;
  readonly queue: AttemptQueue;
  readonly running: RunningAttempts;
  readonly chances: Chances;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: AttemptObserver;
  readonly tracing: Tracing;
  readonly limits: AttemptLimits;
  readonly stored: StoredPayloads;
}

/** A record that asks for an attempt. */
interface TakenRecord {
  readonly record: IncomingRecord;
  readonly invocation: Invocation;
  readonly delivery: RecordDelivery;
}

/** How an attempt came to its start. */
interface Start {
  /** The time of day, as it goes on from the arrival of the record. */
  readonly time: () => EpochMs;
  readonly wasLimited: boolean;
  /** Called when the function has run, or is not to run: only a record is still to be written. */
  readonly freePlace: () => void;
}

/** The circumstances of one run of a function. */
interface RunContext {
  readonly signal: CancelSignal;
  readonly delivery: RecordDelivery;
  /** By `elapsedMs` of the clock. */
  readonly startBefore: number;
  /** The trace context of the attempt, for the function. */
  readonly traceparent: string | undefined;
}

/** An attempt that has been made. */
interface RanAttempt {
  readonly invocation: Invocation;
  readonly outcome: AttemptOutcome;
  /** The reference of a return value that is too large for a record. */
  readonly responseRef?: string | undefined;
  readonly startedAt: EpochMs;
  /** The outcome in one word, for metrics and spans. */
  readonly ending: string;
  readonly isFault: boolean;
}

/** How an attempt waits for its turn. */
interface Turn {
  readonly isAwaited: boolean;
  /** Runs when its turn has come. */
  readonly before?: () => Promise<void>;
}

const usualTurn: Turn = { isAwaited: false };

const recentMax = 100_000;

/**
 * Makes attempts: read, admit, run, decide, write once. Steps that only hand a promise on are not
 * `async`: that costs 0.2 us each, and an attempt had 28 of them.
 */
export class Attempts {
  private readonly recent: RecentWork;

  constructor(private readonly parts: AttemptParts) {
    this.recent = new RecentWork(() => parts.clock.elapsedMs(), { forMs: 2 * nearHorizonMs, entriesMax: recentMax });
  }

  /**
   * Makes the attempt that a record asks for, then publishes exactly one record with the decision:
   *
   * 1. `take` moves the record to the bulk lane if too many attempts of its function wait. A record
   *    that was read twice makes one attempt.
   * 2. `inTurn` waits for the function's turn. If other processes have the whole share of the
   *    function, it passes the record on to a partition of one of them.
   * 3. `attempt` settles a cancelled or expired invocation without a run. It puts the record of a
   *    paused function on a delay topic. No retry and no number of an attempt is used up.
   * 4. `run` runs the function once.
   * 5. `conclude` decides: another attempt, or the end. The next attempt of the function begins
   *    meanwhile.
   *
   * If an executor that has ended may have begun the attempt, `again` writes it down with its next
   * chance. It runs the attempt when that record is read, or gives it up.
   *
   * The function runs only while this process may act for the record. Its outcome is kept until it
   * is published, or until another process takes the partition over. That process makes the attempt
   * again, so this one publishes nothing.
   *
   * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
   * @throws PlatformError `REGISTRY_BEHIND` if this process cannot learn in time what to run.
   * @throws PlatformError `PARTITION_LOST` if another process took the partition over.
   */
  async take(lane: 'express' | 'bulk', record: IncomingRecord, delivery: RecordDelivery): Promise<void> {
    const invocation = decodeInvocation(record);
    const next = this.parts.chances.next(invocation, delivery);
    const taken: TakenRecord = { record, invocation, delivery };
    if (next.kind !== 'run' || invocation.chance !== undefined)
      return this.recent.once(attemptKey(invocation), () => this.again(taken, next));
    if (lane === 'express' && this.isCrowded(invocation)) return this.moveToBulk(invocation, delivery);
    return this.recent.once(attemptKey(invocation), () => this.inTurn(taken));
  }

  /**
   * True if the function has many attempts or bytes here. More would fill the partitions of the
   * express lane, which it shares with all others.
   */
  private isCrowded({ functionUrn }: Invocation): boolean {
    const { limits, queue } = this.parts;
    const key = bareUrnOf(functionUrn);
    return queue.waitingOf(key) >= limits.expressQueueMax || queue.bytesOf(key) >= limits.expressBytesMax;
  }

  private async moveToBulk(invocation: Invocation, delivery: RecordDelivery): Promise<void> {
    const { functions, observer, topics } = this.parts;
    observer.overflowed();
    const { functionUrn } = invocation;
    const spread = laneSpread('invocations.bulk', functionUrn, functions.instancesMaxOf(functionUrn));
    return this.publish(() => encodeInvocation(topics.name('invocations.bulk'), invocation, spread), delivery);
  }

  /** Writes the record to a partition of a process that has a share of the function. */
  private async passOn(invocation: Invocation, delivery: RecordDelivery): Promise<Taken> {
    const { functions, topics } = this.parts;
    const { functionUrn } = invocation;
    const spread = laneSpread('invocations', functionUrn, functions.instancesMaxOf(functionUrn));
    await this.publish(() => encodeInvocation(topics.name('invocations'), invocation, spread), delivery);
    return 'put-back';
  }

  /** An attempt after an executor ended during it. */
  private async again(taken: TakenRecord, next: NextChance): Promise<Taken> {
    const { record, invocation, delivery } = taken;
    const { chances } = this.parts;
    const key = attemptKey(invocation);
    switch (next.kind) {
      case 'settle':
        await this.giveUp(taken, next);
        return 'concluded';
      case 'write-down':
        if (next.isLast) await chances.enter(key);
        await this.publish(() => withChance(record, invocation, next.chance), delivery);
        return 'put-back';
      case 'run':
        if (this.parts.functions.pausedSince(invocation.functionUrn) !== undefined) return this.inTurn(taken);
        // The older record of this attempt is committed first. Otherwise its count would be lost.
        if (!next.isLast) return this.inTurn(taken, { isAwaited: true, before: async () => committed(delivery) });
        if (this.parts.functions.runningMaxOf(invocation.functionUrn) === 0) return this.passOn(invocation, delivery);
        try {
          await chances.enter(key);
          await committed(delivery);
          using cancellable = this.parts.running.begin(invocation);
          const start = { time: () => this.parts.clock.now(), wasLimited: false, freePlace: noPlace };
          return await this.attempt(taken, cancellable, start);
        } finally {
          chances.leave(key);
        }
      default:
        return next satisfies never;
    }
  }

  private async giveUp(
    { record, invocation, delivery }: TakenRecord,
    { condition, deaths }: Extract<NextChance, { kind: 'settle' }>,
  ): Promise<void> {
    const reason = `the executor ended ${deaths} times while the function ran; it is not run again`;
    const ending = { condition, attempts: invocation.attempt, endedAt: this.parts.clock.now(), errorMessage: reason };
    return this.publish(() => this.settlement(invocation, ending, record), delivery);
  }

  /** Waits for the function's turn, then makes the attempt. A cancellation ends the wait. */
  private async inTurn(taken: TakenRecord, turn: Turn = usualTurn): Promise<Taken> {
    const cancellable = this.parts.running.begin(taken.invocation);
    try {
      return await this.queued(taken, cancellable, turn);
    } finally {
      cancellable[Symbol.dispose]();
    }
  }

  private queued(taken: TakenRecord, cancellable: CancellableAttempt, { isAwaited, before }: Turn): Promise<Taken> {
    const { record, invocation, delivery } = taken;
    const { chances, clock, functions, queue } = this.parts;
    const { dueAt, expiresAt, functionUrn } = invocation;
    const { signal } = cancellable;
    const sinceArrival = new TimeSinceArrival(clock);
    const time = () => sinceArrival.now();
    // Attempts of a paused function need no turn. They would hold back the records behind them.
    if (functions.pausedSince(functionUrn) !== undefined)
      return this.attempt(taken, cancellable, { time, wasLimited: false, freePlace: noPlace });
    const runningMax = () => functions.runningMaxOf(functionUrn);
    const ticket: Ticket = {
      key: bareUrnOf(functionUrn),
      id: invocation.requestId,
      bytes: invocation.payload.length,
      runningMax,
      ownMax: () => functions.ownMaxOf(functionUrn),
      dueAt: sinceArrival.elapsedAt(dueAt),
      source: partitionName(record),
      isAwaited,
      signal,
      waitsUntil: sinceArrival.elapsedAt(expiresAt),
    };
    return queue.run(ticket, (wasLimited, freePlace) => {
      if (runningMax() === 0 && !signal.aborted) return this.passOn(invocation, delivery);
      const start = { time, wasLimited, freePlace };
      return chances.beside(() =>
        before === undefined
          ? this.attempt(taken, cancellable, start)
          : before().then(() => this.attempt(taken, cancellable, start)),
      );
    });
  }

  private async attempt(
    { record, invocation, delivery }: TakenRecord,
    cancellable: CancellableAttempt,
    { time, wasLimited, freePlace }: Start,
  ): Promise<Taken> {
    await delivery.readyToAct();
    const now = time();
    const admission = admit(invocation, now, cancellable.signal.aborted);
    switch (admission.kind) {
      case 'settle': {
        freePlace();
        const ending = settledWithoutRun(invocation, admission.condition, now);
        await this.publish(() => this.settlement(invocation, ending, record), delivery);
        return 'concluded';
      }
      case 'run': {
        const pausedSince = this.parts.functions.pausedSince(invocation.functionUrn);
        if (pausedSince !== undefined) return this.putAside(invocation, pausedSince, delivery);
        this.parts.observer.started(Math.max(0, now - invocation.dueAt) / 1_000, wasLimited);
        cancellable.starts();
        const ran = await this.run(invocation, cancellable.signal, delivery, now);
        freePlace();
        await this.conclude(ran, record, delivery);
        return 'concluded';
      }
      default:
        return admission satisfies never;
    }
  }

  /** The same attempt, on a delay topic. It comes back while its function is paused. */
  private async putAside(invocation: Invocation, pausedSince: EpochMs, delivery: RecordDelivery): Promise<Taken> {
    const { clock, topics } = this.parts;
    const record = () => {
      const { dueAt, topic } = waitWhilePaused(pausedSince, clock.now());
      return delayed(encodeInvocation(topics.name(topic), invocation), topics.name(topic), 'invocations', dueAt);
    };
    await this.publish(record, delivery);
    return 'put-back';
  }

  private run(invocation: Invocation, signal: CancelSignal, delivery: RecordDelivery, now: EpochMs): Promise<RanAttempt> {
    const { clock, tracing } = this.parts;
    const startBefore = clock.elapsedMs() + invocation.expiresAt - now;
    return tracing.during(
      attemptAct(invocation, now),
      (traceparent) => this.runOnce(traced(invocation, traceparent), { signal, delivery, startBefore, traceparent }),
      ({ ending, isFault }) => ({ attributes: { 'sendoff.outcome': ending }, fault: isFault ? ending : undefined }),
    );
  }

  private async runOnce(invocation: Invocation, { signal, delivery, startBefore, traceparent }: RunContext): Promise<RanAttempt> {
    const { clock, functions, observer, stored } = this.parts;
    const { functionUrn, functionId, memoryMb } = invocation;
    const found = functions.find(functionUrn, { functionId, memoryMb });
    const runnable = found instanceof Promise ? await found : found;
    const startedAt = clock.now();
    const startedMs = clock.elapsedMs();
    if (runnable.kind !== 'runnable')
      return { invocation, outcome: outcomeOfUnrunnable(runnable), startedAt, ending: runnable.kind, isFault: true };
    const shown = clock.setTimer(runningShownAfterMs, () => this.showRunning(invocation, startedAt));
    const { requestId, alias, attempt } = invocation;
    const call = (payload: Buffer): FunctionCall => ({
      function: runnable.function,
      qualifier: alias === undefined ? (runnable.function.version ?? 'latest') : `!${alias}`,
      requestId,
      attempt,
      payload,
      timeoutMs: runnable.function.timeoutMs,
      startBefore,
      mayStart: () => mayAct(delivery),
      responseBytesMax: stored.responseBytesMaxOf(invocation),
      traceparent,
    });
    const outcome = await stored.during(invocation, (payload) => runnable.runtime.run(call(payload), signal), signal);
    shown.cancel();
    const responseRef = stored.isToBeKept(outcome) ? await stored.keep(invocation, outcome) : undefined;
    const ending = outcome.kind === 'failed' ? outcome.condition : outcome.kind;
    observer.attempted(ending, (clock.elapsedMs() - startedMs) / 1_000);
    return { invocation, outcome, responseRef, startedAt, ending, isFault: outcome.kind !== 'succeeded' };
  }

  /** Decides inside the write, so that no failure after the run can lead to another run. */
  private conclude(ran: RanAttempt, record: IncomingRecord, delivery: RecordDelivery): Promise<void> {
    const ended = { outcome: ran.outcome, now: this.parts.clock.now(), jitter: this.parts.random() };
    return this.publish(() => this.following(ran, record, ended), delivery);
  }

  /** The record that follows from an attempt: the next one, or the settlement. */
  private following(ran: RanAttempt, record: IncomingRecord, ended: Circumstances): OutgoingRecord {
    const { invocation, startedAt, responseRef } = ran;
    const { outcome, now } = ended;
    const decision = decide(invocation, ended);
    switch (decision.kind) {
      case 'retry':
        return this.waiting(nextAttempt(invocation, { ...decision, lastError: messageOf(outcome) }), decision.dueAt);
      case 'settle': {
        const attempts = outcome.kind === 'impossible' ? invocation.attempt - 1 : invocation.attempt;
        const responsePayload = 'responsePayload' in outcome ? outcome.responsePayload : Buffer.alloc(0);
        // The clock may have been set back during the attempt.
        const endedAt = epochMs(Math.max(startedAt, now));
        const errorMessage = messageOf(outcome);
        const { condition } = decision;
        const stored = responseRef === undefined ? {} : { responseRef };
        const ending = { condition, attempts, startedAt, endedAt, errorMessage, responsePayload, ...stored };
        return this.settlement(invocation, ending, record);
      }
      default:
        return decision satisfies never;
    }
  }

  private waiting(invocation: Invocation, dueAt: EpochMs): OutgoingRecord {
    const topic = this.parts.topics.name(delayTopicFor(dueAt, this.parts.clock.now()));
    return delayed(encodeInvocation(topic, invocation), topic, 'invocations', dueAt);
  }

  /** @param record the one that asked for the attempt. */
  private settlement(invocation: Invocation, ending: Ending, record: IncomingRecord): OutgoingRecord {
    const { topics } = this.parts;
    const madeFrom = placeOf(topics.withName(record.topic), record);
    return encodeSettlement(topics.name('settlements'), { ...settlementOf(invocation, ending), madeFrom });
  }

  /** Best effort: the attempt does not wait for this record, which only shows RUNNING. */
  private showRunning({ requestId, functionUrn, project, acceptedAt, attempt, policy }: Invocation, startedAt: EpochMs): void {
    const log = policy.statusLog === undefined ? {} : { statusLog: policy.statusLog };
    const activity: Activity = { kind: 'running', requestId, functionUrn, project, acceptedAt, attempt, startedAt, ...log };
    void this.parts.publisher.publish(encodeActivity(this.parts.topics.name('activity'), activity)).catch(() => undefined);
  }

  private publish(record: () => OutgoingRecord, delivery: RecordDelivery): Promise<void> {
    return delivery.writeUntilDone(() => this.parts.publisher.publish(record()));
  }
}

/** The same for every record that asks for this attempt. {@link RecentWork} keeps it. */
function attemptKey({ requestId, attempt, functionUrn, functionId = '' }: Invocation): string {
  return [requestId, attempt, functionUrn, functionId].join(' ');
}

/** Commits what is finished. The handler of a record that has just returned counts as finished. */
async function committed(delivery: RecordDelivery): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await delivery.commit();
}

/** The record of an attempt with its next chance, for the same partition. */
function withChance({ topic, partition, key }: IncomingRecord, invocation: Invocation, chance: number): OutgoingRecord {
  const written = { ...encodeInvocation(topic, { ...invocation, chance }), partition };
  return key === null ? written : { ...written, key };
}

/** @returns false if another process handles the record. */
function mayAct(delivery: RecordDelivery): Promise<boolean> {
  return delivery.readyToAct().then(yes, no);
}

const yes = (): boolean => true;
const no = (): boolean => false;

/** A disabled function may be enabled again before the validity period ends. */
function outcomeOfUnrunnable({ kind, reason }: Exclude<Runnable, { kind: 'runnable' }>): AttemptOutcome {
  return { kind: kind === 'disabled' ? 'unavailable' : 'impossible', reason };
}

function messageOf(outcome: AttemptOutcome): string {
  switch (outcome.kind) {
    case 'succeeded':
      return '';
    case 'failed':
      return outcome.errorMessage;
    case 'unavailable':
    case 'impossible':
      return outcome.reason;
    case 'cancelled':
      return cancelledMessage;
    default:
      return outcome satisfies never;
  }
}
