/**
 * Reads from a record and its history what each attempt of an invocation did. It tells how late the
 * attempt began, how long it took, how it ended, and how long the wait after it was.
 *
 * Records keep no times of a failed attempt that was shorter than 250 ms and was repeated. It ended
 * when its retry was written; its length is taken from the last attempt of the invocation.
 */
import { type Backoff, type Condition, conditionOfCode, type EpochMs, type History, type StatusRecord } from '#contracts';
import { backoffMs } from './backoff.ts';
import type { FailureCondition } from './decide.ts';
import { runningShownAfterMs } from './running-shown.ts';

/** How a recorded attempt ended. */
export type RecordedOutcome =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly condition: FailureCondition; readonly isRetryable: boolean }
  | { readonly kind: 'unavailable' }
  /** The invocation ended with it, whatever its policy said: it was cancelled, for example. */
  | { readonly kind: 'ended'; readonly condition: Condition };

/** One attempt, as the records tell it. */
export interface RecordedAttempt {
  /** From its due time to its start. */
  readonly lateMs: number;
  readonly durationMs: number;
  readonly outcome: RecordedOutcome;
  /** The random part of the wait after it, in [0, 1); absent if it is not known. */
  readonly jitter?: number;
  /** The wait that the function asked for, if it is longer than the policy's. */
  readonly askedMs?: number;
}

/** An invocation that has ended, as the records tell it. */
export interface RecordedInvocation {
  readonly acceptedAt: EpochMs;
  /** The delay that its caller asked for. */
  readonly delayMs: number;
  readonly attempts: readonly RecordedAttempt[];
  /** The starts of these attempts. */
  readonly startedAt: readonly number[];
  readonly condition: Condition;
  readonly endedAt: EpochMs;
  /** True if it ended in a wait, whatever its policy said. */
  readonly isEndedWaiting: boolean;
  /** How long the attempt that never began had been due when the validity period ended. */
  readonly waitedMs?: number;
  /** False if it was accepted before its function got the present policy. */
  readonly isOfPolicy: boolean;
}

/** A record with what a search tells of its history. */
export interface RecordWithHistory extends StatusRecord {
  readonly history?: History;
  readonly expiresAt?: EpochMs;
}

/** The policy that a function has now, and since when. */
export interface PresentPolicy {
  readonly retriesMax: number;
  readonly backoff: Backoff;
  readonly since: number;
}

/** The longest wait that a policy can draw. */
const longestJitter = 1 - 2 ** -20;
const failures: readonly Condition[] = ['HandledInvocationError', 'UnhandledInvocationError', 'InvocationTimeout', 'OutOfMemory'];

/**
 * Reads a record.
 * @returns undefined for an invocation that has not ended.
 */
export function recordedInvocationOf(record: RecordWithHistory, present: PresentPolicy): RecordedInvocation | undefined {
  const { acceptedAt, endedAt, attempts: count } = record;
  if (endedAt === undefined) return undefined;
  const transitions = record.history?.transitions ?? [];
  const [first] = transitions;
  const firstDueAt = first?.kind === 'delayed' && first.attempt === 1 ? (first.dueAt ?? acceptedAt) : acceptedAt;
  const condition = conditionOfCode(record.errorCode) ?? 'SystemError';
  const isOfPolicy = acceptedAt >= present.since;
  const ended: Ended = { record, endedAt, condition, present, isOfPolicy, firstDueAt };
  const times = Array.from({ length: count }, (_, index) => timesOf(ended, index + 1));
  const next = delayedTo(record, count + 1);
  const isWaiting = count === 0 || next !== undefined;
  const dueAt = next?.dueAt ?? firstDueAt;
  const isExpired = isWaiting && condition === 'EventAgeExceeded';
  return {
    acceptedAt,
    delayMs: Math.max(0, firstDueAt - acceptedAt),
    attempts: times.map((each, index) => attemptOf(ended, index + 1, each)),
    startedAt: times.map(({ startedAt }) => startedAt),
    condition,
    endedAt,
    isEndedWaiting: isWaiting && !isExpired,
    ...(isExpired ? { waitedMs: Math.max(0, endedAt - dueAt) } : {}),
    isOfPolicy,
  };
}

interface Ended {
  readonly record: RecordWithHistory;
  readonly endedAt: EpochMs;
  readonly condition: Condition;
  readonly present: PresentPolicy;
  readonly isOfPolicy: boolean;
  readonly firstDueAt: number;
}

interface AttemptTimes {
  readonly dueAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** The record that delayed an attempt first. Later ones follow from pauses. */
function delayedTo({ history }: RecordWithHistory, attempt: number) {
  return history?.transitions.find((one) => one.kind === 'delayed' && one.attempt === attempt);
}

function timesOf({ record, endedAt: allEndedAt, firstDueAt }: Ended, attempt: number): AttemptTimes {
  const transitions = record.history?.transitions ?? [];
  const ofAttempt = transitions.filter((one) => one.attempt === attempt);
  const isLast = attempt === record.attempts;
  const retry = delayedTo(record, attempt + 1);
  const knownDueAt = attempt === 1 ? firstDueAt : delayedTo(record, attempt)?.dueAt;
  const shownStart = ofAttempt.findLast(({ kind }) => kind === 'started')?.at ?? (isLast ? record.startedAt : undefined);
  const endedAt = retry?.at ?? (isLast ? allEndedAt : Math.max(shownStart ?? 0, knownDueAt ?? record.acceptedAt));
  const queuedAt = ofAttempt.findLast(({ kind }) => kind.startsWith('queued'))?.at ?? knownDueAt ?? endedAt;
  const startedAt = shownStart ?? Math.min(endedAt, Math.max(queuedAt, endedAt - shortMs(record)));
  return { dueAt: Math.min(knownDueAt ?? startedAt, startedAt), startedAt, endedAt: Math.max(startedAt, endedAt) };
}

/** The length of the last attempt, as the best guess for a short one. */
function shortMs({ startedAt, endedAt }: StatusRecord): number {
  if (startedAt === undefined || endedAt === undefined) return 0;
  return Math.min(runningShownAfterMs, Math.max(0, endedAt - startedAt));
}

function attemptOf(ended: Ended, attempt: number, { dueAt, startedAt, endedAt }: AttemptTimes): RecordedAttempt {
  return {
    lateMs: startedAt - dueAt,
    durationMs: endedAt - startedAt,
    outcome: outcomeOf(ended, attempt, endedAt),
    ...waitOf(ended, attempt, endedAt),
  };
}

function outcomeOf(ended: Ended, attempt: number, attemptEndedAt: number): RecordedOutcome {
  const { record, condition, present, isOfPolicy } = ended;
  const failure = (failures.includes(condition) ? condition : 'UnhandledInvocationError') as FailureCondition;
  const usedBefore = usedBy(record, attempt);
  const isFollowed = attempt < record.attempts || delayedTo(record, attempt + 1) !== undefined;
  if (isFollowed) {
    const isFree = usedBy(record, attempt + 1) === usedBefore;
    return isFree ? { kind: 'unavailable' } : { kind: 'failed', condition: failure, isRetryable: true };
  }
  if (condition === '') return { kind: 'succeeded' };
  if (condition === 'EventAgeExceeded') return { kind: 'failed', condition: failure, isRetryable: true };
  if (condition === failure)
    return { kind: 'failed', condition: failure, isRetryable: !isOfPolicy || usedBefore >= present.retriesMax };
  const longestMs = backoffMs(present.backoff, attempt, longestJitter);
  const isExpired = condition === 'SystemError' && attemptEndedAt + longestMs >= (record.expiresAt ?? Number.POSITIVE_INFINITY);
  return isExpired ? { kind: 'unavailable' } : { kind: 'ended', condition };
}

/**
 * Retries used before an attempt. A long history is cut in its middle: there nothing shows that an
 * attempt used one. Records of earlier releases never tell: each attempt but the last used one.
 */
function usedBy(record: RecordWithHistory, attempt: number): number {
  if (attempt === 1) return 0;
  const delayed = record.history?.transitions.filter(({ kind }) => kind === 'delayed') ?? [];
  const known = delayed.findLast((one) => one.attempt <= attempt && one.retriesUsed !== undefined);
  return known?.retriesUsed ?? attempt - 1;
}

/** The wait after an attempt. */
function waitOf(ended: Ended, attempt: number, endedAt: number): Pick<RecordedAttempt, 'jitter' | 'askedMs'> {
  const { record, condition, present, isOfPolicy } = ended;
  if (!isOfPolicy) return {};
  const dueAt = delayedTo(record, attempt + 1)?.dueAt;
  // The retry would have been too late, so its wait was long. No wait of the policy is longer.
  if (dueAt === undefined) return attempt < record.attempts || condition === '' ? {} : { jitter: longestJitter };
  const waitMs = dueAt - endedAt;
  const leastMs = backoffMs(present.backoff, attempt, 0);
  const fullMs = leastMs * 2;
  if (waitMs > fullMs) return { jitter: 0, askedMs: waitMs };
  return { jitter: Math.min(longestJitter, Math.max(0, (waitMs + 0.5 - leastMs) / leastMs)) };
}
