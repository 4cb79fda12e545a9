import { type Condition, type EpochMs, type History, type Transition, type TransitionKind } from '#contracts';

/**
 * The kinds of transitions by their number in the column. Only append: rows hold the numbers.
 */
const kinds: readonly TransitionKind[] = [
  'delayed',
  'queued',
  'queued-bulk',
  'started',
  'settled',
  'notice-pending',
  'notice-delivered',
  'notice-undelivered',
];

/** The column of an invocation without transitions. */
export const noTransitions = '';

/** The optional fields of a transition, by the names in the column. */
interface Extras {
  e?: string;
  d?: number;
  c?: Condition;
  n?: number;
  i?: string;
  r?: number;
}

type Entry = [at: number, kind: number, attempt: number, extras?: Extras];

/**
 * Writes a history for its column: a JSON list of `[at, kind, attempt, extras]`. A leading `0`
 * tells that transitions were left out. Lists are half as long as objects with names.
 */
export function historyText({ transitions, isCut }: History): string {
  if (transitions.length === 0) return noTransitions;
  let text = isCut ? '[0' : '';
  for (const transition of transitions) text += `${text === '' ? '[' : ','}${entryText(transition)}`;
  return `${text}]`;
}

/** Reads a history back. */
export function historyOf(text: string): History {
  if (text === noTransitions) return { transitions: [], isCut: false };
  const list = JSON.parse(text) as (Entry | 0)[];
  const entries = list.filter((entry) => entry !== 0);
  return { transitions: entries.map(transitionOf), isCut: entries.length < list.length };
}

/** Every event costs this. Most transitions have no extras. */
function entryText(transition: Transition): string {
  const { at, kind, attempt, error: e, dueAt: d, condition: c, chance: n, deliveryId: i, retriesUsed: r } = transition;
  // Only delayed attempts have retries, and these have a due time.
  const hasExtras = e !== undefined || d !== undefined || c !== undefined || n !== undefined || i !== undefined;
  return `[${at},${kinds.indexOf(kind)},${attempt}${hasExtras ? `,${JSON.stringify({ e, d, c, n, i, r })}` : ''}]`;
}

function transitionOf([at, kind, attempt, extras]: Entry): Transition {
  const plain: Transition = { at: at as EpochMs, kind: kinds[kind] as TransitionKind, attempt };
  if (extras === undefined) return plain;
  const { e: error, d: dueAt, c: condition, n: chance, i: deliveryId, r: retriesUsed } = extras;
  return {
    ...plain,
    ...(error === undefined ? {} : { error }),
    ...(dueAt === undefined ? {} : { dueAt: dueAt as EpochMs }),
    ...(condition === undefined ? {} : { condition }),
    ...(chance === undefined ? {} : { chance }),
    ...(deliveryId === undefined ? {} : { deliveryId }),
    ...(retriesUsed === undefined ? {} : { retriesUsed }),
  };
}
