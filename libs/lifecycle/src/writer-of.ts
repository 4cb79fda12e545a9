import type { Transition } from '#contracts';

/** A service that can write a transition. */
export type Writer = 'ingress' | 'executor' | 'retry-scheduler' | 'notifier';

/**
 * Tells which service wrote each transition of an invocation, by its kind and by those before it.
 * Records do not name their writer.
 *
 * - The first record is the ingress's.
 * - A record after a delayed one is the retry-scheduler's; it may delay it again.
 * - A record after one on a lane is the executor's: a retry, a move, or an attempt counted again.
 * - A settlement follows the last record: a delayed one is settled by the retry-scheduler.
 *
 * @param transitions in their order, oldest first.
 */
export function writersOf(transitions: readonly Transition[]): readonly Writer[] {
  const seen: Transition[] = [];
  return transitions.map((transition) => {
    const writer = writerOf(transition, seen);
    seen.push(transition);
    return writer;
  });
}

function writerOf({ kind, attempt, condition, chance }: Transition, before: readonly Transition[]): Writer {
  const moves = before.filter(({ kind: moved }) => moved === 'delayed' || moved.startsWith('queued'));
  const isDelayed = moves.at(-1)?.kind === 'delayed';
  switch (kind) {
    case 'delayed':
      if (isDelayed) return 'retry-scheduler';
      return moves.length === 0 ? 'ingress' : 'executor';
    case 'queued':
    case 'queued-bulk':
      if (chance !== undefined) return 'executor';
      if (isDelayed) return 'retry-scheduler';
      return moves.length === 0 ? 'ingress' : 'executor';
    case 'started':
      return 'executor';
    case 'settled':
      if (condition === 'RecursionDetected') return 'ingress';
      return isDelayed ? 'retry-scheduler' : 'executor';
    case 'notice-pending':
      return attempt === 0 ? 'executor' : 'notifier';
    case 'notice-delivered':
    case 'notice-undelivered':
      return 'notifier';
    default:
      return kind satisfies never;
  }
}
