import {
  type Activity,
  encodeActivity,
  encodeInvocation,
  encodeSettlement,
  delayed,
  type EpochMs,
  epochMs,
  type FunctionDocument,
  type IncomingRecord,
  type Invocation,
  decodeInvocation,
  nextAttempt,
  nearHorizonMs,
  physicalTopic,
  type OutgoingRecord,
  type TopicName,
} from '#contracts';
import type { Publisher } from '#kafka';
import { admit, type AttemptOutcome, decide, delayTopicFor, type Ending, settlementOf } from '#lifecycle';
import type { Clock, Random } from '#platform';
import { AttemptQueue } from './attempt-queue.ts';
import type { RunningAttempts } from './running-attempts.ts';
import { RecentAttempts } from './recent-attempts.ts';
import type { Runtime } from './runtime.ts';

/** Finds the function a URN of eight fields names; undefined when it is gone. */
export type FunctionLookup = (functionUrn: string) => FunctionDocument | undefined;

/** What is told of each attempt. */
export interface AttemptObserver {
  attempted(outcome: string, seconds: number): void;
  overflowed(): void;
}

/** Bounds of the attempts of one process. */
export interface AttemptLimits {
  readonly topicPrefix: string;
  /** Attempts at once. */
  readonly attemptsMax: number;
  /** Attempts of one function that may wait on the express lane before the rest goes to bulk. */
  readonly expressQueueMax: number;
}

/** What attempts are made with. */
export interface AttemptParts {
  readonly publisher: Publisher;
  readonly runtimes: readonly Runtime[];
  readonly functionOf: FunctionLookup;
  /**
   * As `functionOf`, once everything written before is known: a function's document and its invocation travel on different topics.
   * @throws PlatformError `REGISTRY_BEHIND`.
   */
  readonly lateFunctionOf: (functionUrn: string) => Promise<FunctionDocument | undefined>;
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
  readonly queue: AttemptQueue;
  private readonly recent = new RecentAttempts(2 * nearHorizonMs, recentMax);

  constructor(private readonly parts: AttemptParts) {
    this.queue = new AttemptQueue(parts.limits.attemptsMax);
  }

  /**
   * Makes the attempt a record asks for, when its function's turn comes, then publishes exactly one record that says what is next.
   * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape, `BROKER_UNAVAILABLE` when the decision could not be published,
   *   `REGISTRY_BEHIND` when the function could not be looked up.
   */
  async take(lane: 'express' | 'bulk', record: IncomingRecord): Promise<void> {
    const invocation = decodeInvocation(record);
    const { clock, limits, observer } = this.parts;
    const key = bareUrnOf(invocation.functionUrn);
    if (lane === 'express' && this.queue.waitingOf(key) >= limits.expressQueueMax) {
      observer.overflowed();
      return this.publish(encodeInvocation(this.topic('invocations.bulk'), invocation, invocation.functionUrn));
    }
    return this.recent.once(`${invocation.requestId} ${invocation.attempt}`, clock.now(), async () =>
      this.queue.run(key, this.runningMaxOf(invocation.functionUrn), async () => this.attempt(invocation)),
    );
  }

  /** What its runtime can do, but never all of this process: others find room whatever one function does. */
  private runningMaxOf(functionUrn: string): number {
    const share = Math.max(1, Math.floor(this.parts.limits.attemptsMax * 0.75));
    const fn = this.parts.functionOf(functionUrn);
    const runtime = fn === undefined ? undefined : this.runtimeOf(fn);
    return fn === undefined || runtime === undefined ? share : Math.max(1, Math.min(share, runtime.callsMax(fn)));
  }

  private runtimeOf(fn: FunctionDocument): Runtime | undefined {
    return this.parts.runtimes.find((candidate) => candidate.runs(fn.runtime));
  }

  private async attempt(invocation: Invocation): Promise<void> {
    const { clock, running } = this.parts;
    const admission = admit(invocation, clock.now(), running.isCancelled(invocation.requestId));
    switch (admission.kind) {
      case 'settle': {
        const errorMessage =
          invocation.lastError ??
          (admission.condition === 'InvocationCanceled'
            ? 'function invocation canceled'
            : 'the validity period ended before an attempt could start');
        return this.settle(invocation, {
          condition: admission.condition,
          attempts: invocation.attempt - 1,
          endedAt: clock.now(),
          errorMessage,
        });
      }
      case 'wait':
        return this.delay(invocation, admission.dueAt);
      case 'run':
        return this.run(invocation);
      default:
        admission satisfies never;
    }
  }

  private async run(invocation: Invocation): Promise<void> {
    const { clock, observer } = this.parts;
    const startedAt = clock.now();
    const shown = clock.setTimer(runningShownAfterMs, () => this.showRunning(invocation, startedAt));
    const outcome = await this.outcomeOf(invocation, startedAt);
    shown.cancel();
    observer.attempted(outcome.kind === 'failed' ? outcome.condition : outcome.kind, (clock.now() - startedAt) / 1_000);
    return this.conclude(invocation, outcome, startedAt);
  }

  private async outcomeOf(invocation: Invocation, startedAt: EpochMs): Promise<AttemptOutcome> {
    const { functionOf, lateFunctionOf, running } = this.parts;
    const fn = functionOf(invocation.functionUrn) ?? (await lateFunctionOf(invocation.functionUrn));
    if (fn === undefined) return { kind: 'impossible', reason: 'the function is gone' };
    const runtime = this.runtimeOf(fn);
    if (runtime === undefined) return { kind: 'impossible', reason: `runtime ${fn.runtime} cannot be run here` };
    const { requestId, attempt, payload, traceparent } = invocation;
    const call = {
      function: fn,
      qualifier: invocation.alias === undefined ? (fn.version ?? 'latest') : `!${invocation.alias}`,
      requestId,
      attempt,
      payload,
      deadlineAt: epochMs(startedAt + fn.timeoutMs),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    return running.with(requestId, async (signal) => runtime.run(call, signal));
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
    const topic = this.topic(delayTopicFor(dueAt, this.parts.clock.now()));
    return this.publish(delayed(encodeInvocation(topic, invocation), topic, 'invocations', dueAt));
  }

  private async settle(invocation: Invocation, ending: Ending): Promise<void> {
    return this.publish(encodeSettlement(this.topic('settlements'), settlementOf(invocation, ending)));
  }

  /** Not awaited by the attempt: a record that does not get through is only a status shown late. */
  private showRunning({ requestId, functionUrn, project, acceptedAt, attempt, policy }: Invocation, startedAt: EpochMs): void {
    const log = policy.statusLog === undefined ? {} : { statusLog: policy.statusLog };
    const activity: Activity = { kind: 'running', requestId, functionUrn, project, acceptedAt, attempt, startedAt, ...log };
    void this.publish(encodeActivity(this.topic('activity'), activity)).catch(() => undefined);
  }

  private async publish(record: OutgoingRecord): Promise<void> {
    return this.parts.publisher.publish(record);
  }

  private topic(name: TopicName): string {
    return physicalTopic(this.parts.limits.topicPrefix, name);
  }
}

/** Seven fields: versions and aliases of a function share its queue. */
function bareUrnOf(functionUrn: string): string {
  return functionUrn.slice(0, functionUrn.lastIndexOf(':'));
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
      return 'function invocation canceled';
    default:
      return outcome satisfies never;
  }
}
