import {
  beginningOf,
  conditions,
  type History,
  type Status,
  type Transition,
  transitionErrorMax,
  transitionKinds,
  transitionsKeptFirst,
  transitionsMax,
} from '#contracts';
import type { StatusEvent } from './status-event.ts';

/** The history of an invocation of which nothing was read yet. */
export const noHistory: History = { transitions: [], isCut: false };

/**
 * Adds what an event tells to the history of its invocation. Commutative and idempotent (I4): the
 * history holds the first 16 and the last 48 different transitions, whichever came first.
 */
export function withEvent(history: History, event: StatusEvent): History {
  let added = history;
  for (const transition of transitionsOf(event)) added = withTransition(added, transition);
  return added;
}

/** The transitions that an event tells. A settlement also tells when the last attempt began. */
export function transitionsOf(event: StatusEvent): readonly Transition[] {
  switch (event.kind) {
    case 'queued': {
      const { place, attempt, chance } = event;
      if (place === undefined) return [];
      const kind = place.topic === 'invocations.bulk' ? 'queued-bulk' : 'queued';
      return [{ at: place.at, kind, attempt, ...(chance === undefined ? {} : { chance }) }];
    }
    case 'waiting': {
      const { place, attempt, dueAt, retriesUsed, lastError } = event;
      const used = retriesUsed === undefined ? {} : { retriesUsed };
      return place === undefined ? [] : [{ at: place.at, kind: 'delayed', attempt, dueAt, ...used, ...errorOf(lastError) }];
    }
    case 'running':
      return [started(event.startedAt, event.attempt)];
    case 'settled': {
      const { endedAt: at, attempts: attempt, startedAt, condition, errorMessage } = event;
      const end: Transition = { at, kind: 'settled', attempt, condition, ...errorOf(errorMessage) };
      return startedAt === undefined ? [end] : [started(startedAt, attempt), end];
    }
    case 'delivery': {
      const { at, state, tries: attempt, dueAt, reason, deliveryId } = event.delivery;
      const due = dueAt === undefined ? {} : { dueAt };
      return [{ at, kind: `notice-${state}`, attempt, deliveryId, ...due, ...errorOf(reason ?? '') }];
    }
    default:
      return event satisfies never;
  }
}

/**
 * The status of an invocation after a transition.
 * @param last the status after all transitions that are known. Notices change no status.
 */
export function statusAfter({ kind, condition }: Transition, last: Status): Status {
  switch (kind) {
    case 'delayed':
    case 'queued':
    case 'queued-bulk':
      return 'WAIT';
    case 'started':
      return 'RUNNING';
    case 'settled':
      return condition === undefined ? last : conditions[condition].status;
    case 'notice-pending':
    case 'notice-delivered':
    case 'notice-undelivered':
      return last;
    default:
      return kind satisfies never;
  }
}

function started(at: Transition['at'], attempt: number): Transition {
  return { at, kind: 'started', attempt };
}

function errorOf(text: string): Pick<Transition, 'error'> {
  return text === '' ? {} : { error: beginningOf(text, transitionErrorMax) };
}

function withTransition(history: History, next: Transition): History {
  const { transitions, isCut } = history;
  let place = transitions.length;
  for (; place > 0; place -= 1) {
    const order = compareTransitions(transitions[place - 1] as Transition, next);
    if (order === 0) return history;
    if (order < 0) break;
  }
  if (transitions.length < transitionsMax)
    return { transitions: place === transitions.length ? [...transitions, next] : transitions.toSpliced(place, 0, next), isCut };
  // Of the middle, the oldest of the last ones goes.
  if (place === transitionsKeptFirst) return isCut ? history : { transitions, isCut: true };
  const all = transitions.toSpliced(place, 0, next);
  return { transitions: all.toSpliced(transitionsKeptFirst, 1), isCut: true };
}

/**
 * A total order: by time, then by kind, then by other fields. 0 for equal transitions only. The
 * retries used are left out, because records of earlier releases do not tell them.
 */
function compareTransitions(one: Transition, other: Transition): number {
  return (
    one.at - other.at ||
    transitionKinds.indexOf(one.kind) - transitionKinds.indexOf(other.kind) ||
    one.attempt - other.attempt ||
    (one.dueAt ?? 0) - (other.dueAt ?? 0) ||
    (one.chance ?? 0) - (other.chance ?? 0) ||
    compareTexts(one.condition ?? '', other.condition ?? '') ||
    compareTexts(one.deliveryId ?? '', other.deliveryId ?? '') ||
    compareTexts(one.error ?? '', other.error ?? '')
  );
}

function compareTexts(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
