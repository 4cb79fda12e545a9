/**
 * Calls whose caller waits for the answer. They write no record to any topic, follow no policy and
 * are never retried. They share the concurrency of their function with its attempts, because they
 * go through the same queue.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  bareUrnOf,
  beginningOf,
  type CallAnswer,
  type CallEnding,
  type CallReport,
  type CallRequest,
  type EpochMs,
  epochMs,
  limits,
  PlatformError,
} from '#contracts';
import type { AttemptOutcome } from '#lifecycle';
import type { Act, ActEnd, CancelSignal, Clock, Tracing } from '#platform';
import type { AttemptQueue } from './attempt-queue.ts';
import { CallLog } from './call-log.ts';
import type { Runnable, RunnableFunctions } from './runnable-functions.ts';

/** Receives the measurements of each call. */
export interface CallsObserver {
  called(ending: string, seconds: number): void;
}

/** Parts of {@link SyncCalls}. */
export interface SyncCallParts {
  readonly functions: RunnableFunctions;
  readonly queue: AttemptQueue;
  readonly clock: Clock;
  readonly observer: CallsObserver;
  readonly tracing: Tracing;
}

const nothing = Buffer.alloc(0);
/** Turns of the event loop after which a client that had hung up is known to be gone. */
const turnsToHangUp = 3;

/** Makes synchronous calls. */
export class SyncCalls {
  constructor(private readonly parts: SyncCallParts) {}

  /**
   * Calls a function when its turn comes.
   * @param signal aborts the call, also while it waits; its ending is `cancelled` then.
   * @throws PlatformError `REGISTRY_BEHIND` if this process cannot learn in time what to call.
   * @throws PlatformError `SHARE_ELSEWHERE` if this process has no share of the function.
   */
  async call(request: CallRequest, payload: Buffer, signal: CancelSignal): Promise<CallAnswer> {
    const { functions, queue, observer } = this.parts;
    const { functionUrn } = request;
    const runnable = await functions.find(functionUrn, request);
    if (runnable.kind !== 'runnable') return { report: notRunReport(endingOf(runnable)), payload: nothing };
    const paused = this.pausedAnswer(functionUrn);
    if (paused !== undefined) return paused;
    const ticket = {
      key: bareUrnOf(functionUrn),
      runningMax: () => functions.runningMaxOf(functionUrn),
      ownMax: () => functions.ownMaxOf(functionUrn),
      dueAt: this.parts.clock.elapsedMs(),
      bytes: payload.length,
      isAwaited: true,
      signal,
    };
    const answer = await queue.run(ticket, async () => {
      const pausedMeanwhile = this.pausedAnswer(functionUrn);
      if (pausedMeanwhile !== undefined) return pausedMeanwhile;
      if (functions.runningMaxOf(functionUrn) === 0) throw new PlatformError('SHARE_ELSEWHERE', { details: { functionUrn } });
      return this.parts.tracing.during(
        callAct(request),
        async (traceparent) => this.run(request, traceparent, payload, runnable, signal),
        ({ report: { ending } }) => callEnd(ending),
      );
    });
    observer.called(answer.report.ending.kind, answer.report.durationMs / 1_000);
    return answer;
  }

  /** The answer to a call of a paused function; undefined if its calls may run. */
  private pausedAnswer(functionUrn: string): CallAnswer | undefined {
    const since = this.parts.functions.pausedSince(functionUrn);
    return since === undefined ? undefined : { report: notRunReport({ kind: 'function-paused', since }), payload: nothing };
  }

  /**
   * Whether the caller still waits. After a process stood still, the end of a connection is read a
   * moment later than the timers fire which may begin a call.
   */
  private async isAwaited(giveUpAt: EpochMs | undefined, signal: CancelSignal): Promise<boolean> {
    for (let turn = 0; turn < turnsToHangUp; turn++) await nextTurn();
    return !signal.aborted && (giveUpAt === undefined || this.parts.clock.now() < giveUpAt);
  }

  private async run(
    { requestId, alias, giveUpAt }: CallRequest,
    traceparent: string | undefined,
    payload: Buffer,
    { function: fn, runtime }: Extract<Runnable, { kind: 'runnable' }>,
    signal: CancelSignal,
  ): Promise<CallAnswer> {
    const mayStart = async () => this.isAwaited(giveUpAt, signal);
    if (!(await mayStart())) return { report: notRunReport({ kind: 'cancelled' }), payload: nothing };
    const { clock } = this.parts;
    const startedAt = clock.now();
    const startedMs = clock.elapsedMs();
    const version = fn.version ?? 'latest';
    const log = new CallLog(requestId, version, startedAt);
    let memoryUsedBytes: number | undefined;
    const outcome = await runtime.run(
      {
        function: fn,
        qualifier: alias === undefined ? version : `!${alias}`,
        requestId,
        attempt: 1,
        payload,
        timeoutMs: fn.timeoutMs,
        mayStart,
        responseBytesMax: limits.syncBytesMax,
        observer: { printed: (text) => log.add(text), used: (bytes) => (memoryUsedBytes = bytes) },
        ...(traceparent === undefined ? {} : { traceparent }),
      },
      signal,
    );
    const durationMs = Math.round(clock.elapsedMs() - startedMs);
    const finished = {
      durationMs,
      memoryMb: fn.memoryMb,
      ...(memoryUsedBytes === undefined ? {} : { memoryUsedBytes }),
    };
    return {
      report: { ending: endedAs(outcome), ...finished, log: log.finish(epochMs(startedAt + durationMs), finished) },
      payload: 'responsePayload' in outcome ? outcome.responsePayload : nothing,
    };
  }
}

function callAct({ requestId, functionUrn, traceparent }: CallRequest): Act {
  const attributes = () => ({
    'faas.trigger': 'http',
    'faas.invocation_id': requestId,
    'sendoff.function': functionUrn,
    'sendoff.attempt': 1,
  });
  return { name: 'attempt', kind: 'server', traceparent, attributes };
}

function callEnd(ending: CallEnding): ActEnd {
  const outcome = ending.kind === 'failed' ? ending.condition : ending.kind;
  return { attributes: { 'sendoff.outcome': outcome }, fault: ending.kind === 'returned' ? undefined : outcome };
}

function notRunReport(ending: CallEnding): CallReport {
  return { ending, durationMs: 0, memoryMb: 0, log: '' };
}

function endingOf({ kind, reason }: Exclude<Runnable, { kind: 'runnable' }>): CallEnding {
  switch (kind) {
    case 'unknown':
      return { kind: 'function-unknown' };
    case 'disabled':
      return { kind: 'function-disabled' };
    case 'impossible':
      return { kind: 'unavailable', reason };
    default:
      return kind satisfies never;
  }
}

function endedAs(outcome: AttemptOutcome): CallEnding {
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: outcome.isLeftOut === true ? 'too-large' : 'returned' };
    case 'failed':
      return {
        kind: 'failed',
        condition: outcome.condition,
        errorMessage: beginningOf(outcome.errorMessage, limits.errorMessageLengthMax),
      };
    case 'unavailable':
    case 'impossible': {
      const { reason } = outcome;
      return 'retryAfterMs' in outcome && outcome.retryAfterMs !== undefined
        ? { kind: 'unavailable', reason, retryAfterMs: outcome.retryAfterMs }
        : { kind: 'unavailable', reason };
    }
    case 'cancelled':
      return { kind: 'cancelled' };
    default:
      return outcome satisfies never;
  }
}
