import {
  type DeliveryStatus,
  type EpochMs,
  epochMs,
  type History,
  type QueuePlace,
  type StatusRecord,
  type SwitchOff,
  type TargetHealth,
  type Transition,
} from '#contracts';
import { circuitStateOf } from './target-health.ts';
import { runningShownAfterMs } from './running-shown.ts';

/** The reason of a delivery that waits because too many before it failed at the same target. */
export const openCircuitReason = 'no try was made: the target failed many times in a row, and its circuit breaker is open';

/** A cause for which an invocation, or one of its notices, waits. */
export type WaitsFor =
  /** The time until which the caller delayed it. */
  | 'delay'
  /** The time of its next attempt. */
  | 'retry'
  /** It is due, and the retry-scheduler has not written it to a lane yet. */
  | 'release'
  /** Somebody paused the function. */
  | 'paused-function'
  /** The function is disabled. */
  | 'disabled-function'
  /** The function does not exist any more. */
  | 'deleted-function'
  /** Its function runs as many attempts as its own limit allows. */
  | 'function-concurrency'
  /** Its turn at an executor that runs as many attempts as it may, or turns of other functions. */
  | 'executor-turn'
  /** An executor has to read it from its lane. */
  | 'lane'
  /** Executors did not answer, so the reason is not known. */
  | 'unknown'
  /** Its attempt runs. */
  | 'attempt'
  /** The next try of a notice. */
  | 'notice-retry'
  /** A notice whose target has an open circuit breaker. */
  | 'open-circuit'
  /** A notice whose target is switched off: it ends as undelivered when it is due. */
  | 'switched-off-target'
  /** The notifier has to try a notice, or tries it now. */
  | 'notice-try';

/** One thing that an invocation waits for now. */
export interface Wait {
  readonly waitsFor: WaitsFor;
  /** When this wait began, as far as it is known. */
  readonly since?: EpochMs;
  /** When this wait ends at the latest, as far as it is known. */
  readonly until?: EpochMs;
  /** Present if `until` is not known: what has to happen first. */
  readonly unknownUntil?: string;
  /** The wait in words. */
  readonly words: string;
  /** How to shorten or end the wait. */
  readonly change: string;
  /** Of a notice. */
  readonly deliveryId?: string;
  /** The queue of the function at the executor that holds the invocation. */
  readonly queue?: QueuePlace;
}

/** All that is known of an invocation at one moment. */
export interface Situation {
  readonly record: StatusRecord;
  readonly history: History;
  /** The end of the validity period. */
  readonly expiresAt?: EpochMs;
  readonly now: EpochMs;
  readonly function: 'active' | 'disabled' | 'deleted';
  /** The timeout of the function; absent if it does not exist any more. */
  readonly timeoutMs?: number;
  /** Since when somebody has paused the execution of the function. */
  readonly pausedSince?: EpochMs;
  /** The answers of all executors; undefined for one that did not answer. */
  readonly executors: readonly (QueuePlace | undefined)[];
  /** The targets of its notices that fail or are switched off, by their delivery ids. */
  readonly targets?: ReadonlyMap<string, FailingTarget>;
}

/** A target that fails, or that is switched off. */
export interface FailingTarget {
  readonly health?: TargetHealth;
  readonly switchOff?: SwitchOff;
}

/**
 * Tells what an invocation waits for. Empty if it is over. It may be several things: an invocation
 * that has ended may have several notices that wait.
 */
export function explain(situation: Situation): readonly Wait[] {
  const { record } = situation;
  if (record.endedAt !== undefined)
    return record.deliveries.filter(({ state }) => state === 'pending').map((delivery) => noticeWait(delivery, situation));
  if (record.status === 'RUNNING') return [attemptWait(situation)];
  const due = dueWait(situation);
  const state = stateWait(situation);
  if (state === undefined) return [due ?? queueOrRelease(situation)];
  return due === undefined ? [state] : [state, due];
}

/**
 * The wait for the due time of the next attempt; undefined once it is due. An attempt of a paused
 * function waits on delay topics too, for short times: only the first delay of an attempt counts.
 */
function dueWait(situation: Situation): Wait | undefined {
  const { record, now, history } = situation;
  const isOfNext = ({ kind, attempt }: Transition) => kind === 'delayed' && attempt === record.attempts + 1;
  const first = history.transitions.find(isOfNext);
  const dueAt = situation.pausedSince === undefined ? record.dueAt : (first?.dueAt ?? record.dueAt);
  return dueAt === undefined || dueAt <= now ? undefined : dueTimeWait(situation, dueAt, first);
}

/** The wait for a function that may run nothing. */
function stateWait(situation: Situation): Wait | undefined {
  const { pausedSince, function: state } = situation;
  const since = lastAt(situation, ['delayed', 'queued', 'queued-bulk']);
  if (pausedSince !== undefined)
    return wait(situation, 'paused-function', {
      since: pausedSince,
      words: 'Somebody paused the execution of the function. The attempt starts after the resume, and when it is due.',
      change: 'Resume the function.',
    });
  if (state === 'deleted')
    return wait(situation, 'deleted-function', {
      ...since,
      words: 'The function does not exist any more. The invocation ends when an executor reads it.',
      change: 'Nothing needs to be done.',
    });
  if (state === 'disabled')
    return wait(situation, 'disabled-function', {
      ...since,
      words: 'The function is disabled: it may run no instance.',
      change: 'Set its max_instance_num to another value than 0.',
    });
  return undefined;
}

function queueOrRelease(situation: Situation): Wait {
  const { dueAt } = situation.record;
  if (dueAt !== undefined)
    return wait(situation, 'release', {
      since: dueAt,
      words: 'It is due, and the retry-scheduler has not passed it on yet.',
      change: 'If this lasts, look whether the retry-scheduler runs.',
    });
  return queueWait(situation, lastAt(situation, ['delayed', 'queued', 'queued-bulk']));
}

/** A wait in a lane or in the queue of an executor. */
function queueWait(situation: Situation, since: Pick<Wait, 'since'>): Wait {
  const answers = situation.executors.filter((answer) => answer !== undefined);
  if (answers.some(({ isRunning }) => isRunning)) return attemptWait(situation);
  const queue = answers.find(({ place }) => place !== undefined);
  if (queue !== undefined) return placeWait(situation, since, queue);
  if (answers.length === 0 || answers.length < situation.executors.length)
    return wait(situation, 'unknown', {
      ...since,
      words: `It is on the ${laneOf(situation)} lane. ${answers.length} of ${situation.executors.length} executors answered, so the reason of the wait is not known.`,
      change: 'Ask again. If no executor answers, start one.',
    });
  return wait(situation, 'lane', {
    ...since,
    words: `It is on the ${laneOf(situation)} lane, and no executor has read it yet.`,
    change: 'Executors read on as earlier records end. More executors or partitions shorten this wait.',
  });
}

function placeWait(situation: Situation, since: Pick<Wait, 'since'>, queue: QueuePlace): Wait {
  const { place = 1, running, limit, waiting, allRunning, allRunningMax } = queue;
  const where = `It has place ${place} of ${waiting} in the queue of its function at one executor.`;
  if (limit !== undefined && running >= limit)
    return wait(situation, 'function-concurrency', {
      ...since,
      queue,
      words: `${where} The function runs ${running} attempts there, and its own limit is ${limit}.`,
      change: 'Raise max_instance_num or concurrent_num of the function, or make the function faster.',
    });
  return wait(situation, 'executor-turn', {
    ...since,
    queue,
    words: `${where} The executor runs ${allRunning} of at most ${allRunningMax} attempts, and functions take turns.`,
    change: 'More executors shorten this wait, or a larger EXECUTOR_ATTEMPTS_MAX.',
  });
}

function dueTimeWait(situation: Situation, dueAt: EpochMs, first: Transition | undefined): Wait {
  const { attempts, errorMessage } = situation.record;
  const begun = first === undefined ? lastAt(situation, ['delayed']) : { since: first.at };
  if (attempts === 0)
    return {
      waitsFor: 'delay',
      ...begun,
      until: dueAt,
      words: 'Its caller delayed it. The first attempt starts at the due time.',
      change: 'Cancel it, and invoke again with a shorter delay.',
    };
  return {
    waitsFor: 'retry',
    ...begun,
    until: dueAt,
    words: `Attempt ${attempts} failed: ${errorMessage === '' ? 'no reason was given' : errorMessage}. Attempt ${attempts + 1} starts at the due time.`,
    change: 'Mend the function before the due time, or cancel the invocation.',
  };
}

function attemptWait(situation: Situation): Wait {
  const { startedAt, attempts } = situation.record;
  const { timeoutMs } = situation;
  const isShown = situation.record.status === 'RUNNING';
  // Of an attempt that is not shown as running, the record has the start of the one before.
  const since = isShown ? startedAt : lastAt(situation, ['queued', 'queued-bulk']).since;
  return {
    waitsFor: 'attempt',
    ...(since === undefined ? {} : { since }),
    ...(isShown && since !== undefined && timeoutMs !== undefined
      ? { until: epochMs(since + timeoutMs) }
      : {
          unknownUntil: isShown
            ? 'the attempt ends: its timeout is not known'
            : `the executor reports the start, after ${runningShownAfterMs} ms`,
        }),
    words: `Attempt ${isShown ? attempts : attempts + 1} runs. It ends at the timeout of the function at the latest.`,
    change: 'Cancel it to end the attempt.',
  };
}

function noticeWait({ deliveryId, dueAt, tries, reason, at }: DeliveryStatus, { now, targets }: Situation): Wait {
  const { health, switchOff } = targets?.get(deliveryId) ?? {};
  if (switchOff !== undefined)
    return {
      waitsFor: 'switched-off-target',
      deliveryId,
      since: switchOff.at,
      ...(dueAt === undefined ? { unknownUntil: 'the notifier reads the notice' } : { until: dueAt }),
      words: `The target is switched off, because ${switchOff.reason}. The notice ends as undelivered when it is due.`,
      change: 'Mend the target, and switch it on: POST sendoff/targets/{target}/enable.',
    };
  const why = reason === undefined ? '' : ` The last reason: ${reason}.`;
  if (dueAt === undefined || dueAt <= now)
    return {
      waitsFor: 'notice-try',
      deliveryId,
      since: dueAt ?? at,
      unknownUntil: 'the notifier reports how the try ended',
      words: `The notifier tries the notice now, or reads it soon.${why}`,
      change: 'A slow target has its own queue. If this lasts, look whether the notifier runs.',
    };
  if (reason === openCircuitReason || circuitStateOf(health, now) === 'open')
    return {
      waitsFor: 'open-circuit',
      deliveryId,
      since: health?.failingSince ?? at,
      until: dueAt,
      words: 'The target failed many times in a row, so its circuit breaker is open. The next try follows at the due time.',
      change: 'Mend the target: the first try that succeeds closes the breaker.',
    };
  return {
    waitsFor: 'notice-retry',
    deliveryId,
    since: at,
    until: dueAt,
    words: `Try ${tries} of the notice failed. The next try follows at the due time.${why}`,
    change: 'Mend the target before the due time.',
  };
}

/** A wait that the validity period ends. */
function wait({ expiresAt }: Situation, waitsFor: WaitsFor, rest: Omit<Wait, 'waitsFor'>): Wait {
  const end =
    expiresAt === undefined ? { unknownUntil: 'a record of this release tells the validity period' } : { until: expiresAt };
  return { waitsFor, ...end, ...rest };
}

function laneOf({ history }: Situation): 'express' | 'bulk' {
  return lastOf(history, ['queued', 'queued-bulk'])?.kind === 'queued-bulk' ? 'bulk' : 'express';
}

function lastAt({ history }: Situation, kinds: readonly Transition['kind'][]): { readonly since?: EpochMs } {
  const at = lastOf(history, kinds)?.at;
  return at === undefined ? {} : { since: at };
}

function lastOf({ transitions }: History, kinds: readonly Transition['kind'][]): Transition | undefined {
  return transitions.findLast(({ kind }) => kinds.includes(kind));
}
