import {
  type Activity,
  bareUrnOf,
  decodeInvocation,
  delayed,
  encodeActivity,
  encodeInvocation,
  encodeSettlement,
  type EpochMs,
  type IncomingRecord,
  type Invocation,
  nearHorizonMs,
  nextAttempt,
  type OutgoingRecord,
  PlatformError,
  type Topics,
} from '#contracts';
import type { Publisher } from '#kafka';
import {
  admit,
  type AttemptOutcome,
  cancelledMessage,
  decide,
  delayTopicFor,
  type Ending,
  settledWithoutRun,
  settlementOf,
} from '#lifecycle';
import type { Clock, Random } from '#platform';
import type { AttemptQueue } from './attempt-queue.ts';
import { RecentAttempts, type Taken } from './recent-attempts.ts';
import type { Runnable, RunnableFunctions } from './runnable-functions.ts';
import type { RunningAttempts } from './running-attempts.ts';

/** What is told of each attempt. */
export interface AttemptObserver {
  attempted(outcome: string, seconds: number): void;
  overflowed(): void;
}

/** Bounds of the attempts of one process. */
export interface AttemptLimits {
  /** Attempts of one function that may wait on the express lane before the rest goes to bulk. */
  readonly expressQueueMax: number;
}

/** What attempts are made with. */
export interface AttemptParts {
  readonly publisher: Publisher;
  readonly topics: Topics;
  readonly functions: RunnableFunctions;
  readonly queue: AttemptQueue;
  readonly running: RunningAttempts;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: AttemptObserver;
  readonly limits: AttemptLimits;
}

/** An attempt that lasts shows as RUNNING; one that ends sooner costs no record. */
const runningShownAfterMs = 250;
const recentMax = 100_000;

/** Makes attempts: read, admit, run, decide, write once. */
export class Attempts {
  private readonly recent: RecentAttempts;

  constructor(private readonly parts: AttemptParts) {
    this.recent = new RecentAttempts(() => parts.clock.now(), { forMs: 2 * nearHorizonMs, attemptsMax: recentMax });
  }

  /**
   * Makes the attempt a record asks for, when its function's turn comes, then publishes exactly one
   * record that says what is next. A cancelled invocation does not wait for its turn.
   * @param lost aborts when the record goes to another process, which makes the attempt again: then
   *   nothing is published here, so that nobody is told of an end that is not one.
   * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape, `BROKER_UNAVAILABLE`
   *   when the decision could not be published, `REGISTRY_BEHIND` when it is not known what to run,
   *   `PARTITION_LOST` when `lost` has aborted.
   */
  async take(lane: 'express' | 'bulk', record: IncomingRecord, lost: AbortSignal): Promise<void> {
    const invocation = decodeInvocation(record);
    const { functions, limits, observer, queue, running } = this.parts;
    const { requestId, functionUrn, attempt } = invocation;
    const key = bareUrnOf(functionUrn);
    if (lane === 'express' && queue.waitingOf(key) >= limits.expressQueueMax) {
      observer.overflowed();
      return this.publish(encodeInvocation(this.parts.topics.name('invocations.bulk'), invocation, functionUrn));
    }
    const runningMax = () => functions.runningMaxOf(functionUrn);
    return this.recent.once(`${requestId} ${attempt} ${functionUrn}`, async () =>
      running.with(invocation, async (signal) =>
        queue.run({ key, runningMax, isAwaited: false, signal, expiresAt: invocation.expiresAt }, async () =>
          this.attempt(invocation, signal, lost),
        ),
      ),
    );
  }

  private async attempt(invocation: Invocation, signal: AbortSignal, lost: AbortSignal): Promise<Taken> {
    refuseLost(lost);
    const now = this.parts.clock.now();
    const admission = admit(invocation, now, signal.aborted);
    switch (admission.kind) {
      case 'settle':
        await this.settle(invocation, settledWithoutRun(invocation, admission.condition, now));
        return 'concluded';
      case 'wait':
        await this.delay(invocation, admission.dueAt);
        return 'put-back';
      case 'run':
        await this.run(invocation, signal, lost);
        return 'concluded';
      default:
        return admission satisfies never;
    }
  }

  private async run(invocation: Invocation, signal: AbortSignal, lost: AbortSignal): Promise<void> {
    const { clock, functions, observer } = this.parts;
    const runnable = await functions.find(invocation.functionUrn, { memoryMb: invocation.memoryMb });
    const startedAt = clock.now();
    if (runnable.kind !== 'runnable') return this.conclude(invocation, outcomeOfUnrunnable(runnable), startedAt);
    const shown = clock.setTimer(runningShownAfterMs, () => this.showRunning(invocation, startedAt));
    const { requestId, alias, attempt, payload, traceparent } = invocation;
    const call = {
      function: runnable.function,
      qualifier: alias === undefined ? (runnable.function.version ?? 'latest') : `!${alias}`,
      requestId,
      attempt,
      payload,
      timeoutMs: runnable.function.timeoutMs,
      startBefore: invocation.expiresAt,
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const outcome = await runnable.runtime.run(call, signal);
    shown.cancel();
    refuseLost(lost);
    observer.attempted(outcome.kind === 'failed' ? outcome.condition : outcome.kind, (clock.now() - startedAt) / 1_000);
    return this.conclude(invocation, outcome, startedAt);
  }

  private async conclude(invocation: Invocation, outcome: AttemptOutcome, startedAt: EpochMs): Promise<void> {
    const { clock, random } = this.parts;
    const now = clock.now();
    const decision = decide(invocation, { outcome, now, jitter: random() });
    switch (decision.kind) {
      case 'retry':
        return this.delay(nextAttempt(invocation, { ...decision, lastError: messageOf(outcome) }), decision.dueAt);
      case 'settle': {
        const attempts = outcome.kind === 'impossible' ? invocation.attempt - 1 : invocation.attempt;
        const responsePayload = 'responsePayload' in outcome ? outcome.responsePayload : Buffer.alloc(0);
        return this.settle(invocation, {
          condition: decision.condition,
          attempts,
          startedAt,
          endedAt: now,
          errorMessage: messageOf(outcome),
          responsePayload,
        });
      }
      default:
        decision satisfies never;
    }
  }

  private async delay(invocation: Invocation, dueAt: EpochMs): Promise<void> {
    const topic = this.parts.topics.name(delayTopicFor(dueAt, this.parts.clock.now()));
    return this.publish(delayed(encodeInvocation(topic, invocation), topic, 'invocations', dueAt));
  }

  private async settle(invocation: Invocation, ending: Ending): Promise<void> {
    return this.publish(encodeSettlement(this.parts.topics.name('settlements'), settlementOf(invocation, ending)));
  }

  /** Not awaited by the attempt: a record that does not get through is only a status shown late. */
  private showRunning({ requestId, functionUrn, project, acceptedAt, attempt, policy }: Invocation, startedAt: EpochMs): void {
    const log = policy.statusLog === undefined ? {} : { statusLog: policy.statusLog };
    const activity: Activity = { kind: 'running', requestId, functionUrn, project, acceptedAt, attempt, startedAt, ...log };
    void this.publish(encodeActivity(this.parts.topics.name('activity'), activity)).catch(() => undefined);
  }

  private async publish(record: OutgoingRecord): Promise<void> {
    return this.parts.publisher.publish(record);
  }
}

/** @throws PlatformError `PARTITION_LOST`. */
function refuseLost(lost: AbortSignal): void {
  if (lost.aborted) throw new PlatformError('PARTITION_LOST');
}

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
