import type { Status } from './condition.ts';
import { statuses } from './condition.ts';
import type { EpochMs } from './epoch-ms.ts';
import { contractViolated } from './errors.ts';
import { JsonObject } from './json-object.ts';
import { formatHeaders } from './record-format.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';

/** Bounds of redrives. */
export const redriveBounds = {
  /** Redrives that may be under way in one installation. */
  activeMax: 5,
  /** Redrives that are kept; the oldest ended one is forgotten first. */
  keptMax: 100,
  /** Invocations or notices that one redrive looks at. */
  selectedMax: 100_000,
  selectedDefault: 10_000,
  ratePerSecondMax: 100,
  ratePerSecondDefault: 10,
  canaryMax: 1_000,
  /** Versions of functions that a selection may name. */
  functionsMax: 200,
  /** Refused ones whose ids are kept as examples. */
  examplesMax: 20,
} as const;

/** The kinds of things that a redrive starts again. */
export const redriveKinds = ['failed', 'undelivered'] as const;

/** `failed`: invocations that ended without success. `undelivered`: notices that were given up. */
export type RedriveKind = (typeof redriveKinds)[number];

/** The invocations or notices that a redrive concerns. Both ends of the window belong to it. */
export interface RedriveSelection {
  readonly kind: RedriveKind;
  /** URNs of eight fields; absent selects all functions of the project. */
  readonly functionUrns?: readonly string[];
  /** The statuses of failed invocations. */
  readonly statuses: readonly Status[];
  /** Number of a condition; failed invocations only. */
  readonly errorCode?: number;
  /** A part of the error message; failed invocations only. */
  readonly errorText?: string;
  /** The id of a target; undelivered notices only. */
  readonly deliveryId?: string;
  /** True if functions that were made anew may run the events of their namesakes. */
  readonly mayBeMadeAnew?: boolean;
  /** Over the acceptance of an invocation, or over the time at which a notice was given up. */
  readonly beginAt: EpochMs;
  readonly endAt: EpochMs;
}

/** A redrive as somebody asked for it. It never changes. */
export interface RedriveSpec {
  readonly id: string;
  readonly project: string;
  readonly createdAt: EpochMs;
  /** An access key, or `token`. */
  readonly createdBy: string;
  readonly selection: RedriveSelection;
  readonly ratePerSecond: number;
  /** So many are started first; the others wait until these have ended. 0: no canary. */
  readonly canary: number;
  /** The redrive stops when more than this share of the ended ones failed. 1: never. */
  readonly stopAtShare: number;
  /** The most that it looks at. */
  readonly selectedMax: number;
  /** The offset in the topic `redriven` at its creation; undelivered notices only. */
  readonly endsFrom?: number;
  /** How many the records showed at its creation, at least. Earlier releases did not count them. */
  readonly expected?: number;
}

/** A number of one redrive that was not started again, and why. */
export interface RedriveRefusal {
  readonly reason: string;
  readonly count: number;
}

/** How far a redrive is: the process that runs it writes this down after each step. */
export interface RedriveRun {
  /** The process that runs it; empty if the last one gave it back. */
  readonly process: string;
  readonly at: EpochMs;
  /** The place at which the selection goes on; empty at its start. */
  readonly marker: string;
  /** True if all of the selection was looked at. */
  readonly isExhausted: boolean;
  readonly selected: number;
  /** Started again. */
  readonly sent: number;
  readonly refusals: readonly RedriveRefusal[];
  /** Some of the refused ones. */
  readonly examples: readonly { readonly requestId: string; readonly reason: string }[];
  /** Of those that were sent, as far as they have ended. A notice succeeds if it is delivered. */
  readonly succeeded: number;
  readonly failed: number;
  /** Of those that were sent, how many are not waited for any more. Absent if none. */
  readonly missing?: number;
  /** When it last sent one, or one of them ended. Absent in runs of earlier releases. */
  readonly progressAt?: EpochMs;
  readonly isCanaryPassed: boolean;
  /** Counts of before the last resume: the share of failures leaves them out. */
  readonly before: { readonly succeeded: number; readonly failed: number };
  /** When it stopped by itself, and why. */
  readonly stop?: { readonly at: EpochMs; readonly reason: string };
  /** When everything that it sent had ended. */
  readonly endedAt?: EpochMs;
}

/** An order that somebody gives after the creation of a redrive. The last one counts. */
export interface RedriveOrder {
  readonly act: 'cancel' | 'resume';
  readonly at: EpochMs;
  readonly by: string;
}

/** A change of what is known of a redrive. An absent value ends what was known. */
export type RedriveChange =
  | { readonly kind: 'spec'; readonly id: string; readonly spec?: RedriveSpec }
  | { readonly kind: 'run'; readonly id: string; readonly run?: RedriveRun }
  | { readonly kind: 'order'; readonly id: string; readonly order?: RedriveOrder };

const kinds: readonly RedriveChange['kind'][] = ['spec', 'run', 'order'];
const count = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** The tag of all invocations that a redrive started. */
export function redriveTag(redriveId: string): string {
  return `redrive.${redriveId}`;
}

/** The tag that names the invocation which a redriven one repeats. */
export function redriveParentTag(requestId: string): string {
  return `redrive-of.${requestId}`.slice(0, 64);
}

/** The key of a change: spec, run and order of a redrive have records of their own. */
export function redriveChangeKey({ kind, id }: Pick<RedriveChange, 'kind' | 'id'>): string {
  return `${kind}/${id}`;
}

/** The record of a change. */
export function encodeRedriveChange(topic: string, change: RedriveChange): OutgoingRecord {
  const { kind } = change;
  const state = kind === 'spec' ? change.spec : kind === 'run' ? change.run : change.order;
  const value = state === undefined ? null : Buffer.from(JSON.stringify(state));
  return { topic, key: redriveChangeKey(change), value, headers: formatHeaders('redrive') };
}

/**
 * Reads a change back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeRedriveChange({ key, value }: Pick<IncomingRecord, 'key' | 'value'>): RedriveChange {
  const [, word, id] = /^([a-z]+)\/([A-Za-z0-9-]{1,64})$/.exec(key ?? '') ?? [];
  const kind = kinds.find((one) => one === word);
  if (kind === undefined || id === undefined)
    throw contractViolated('the key of a redrive must be spec, run or order, and its id');
  if (value === null) return { kind, id };
  const fields = JsonObject.parse(value.toString('utf8'), `the ${kind} of the redrive`);
  switch (kind) {
    case 'spec':
      return { kind, id, spec: specIn(fields, id) };
    case 'run':
      return { kind, id, run: runIn(fields) };
    case 'order':
      return { kind, id, order: orderIn(fields) };
    default:
      return kind satisfies never;
  }
}

function specIn(fields: JsonObject, id: string): RedriveSpec {
  const endsFrom = fields.optionalWholeNumber('endsFrom', count);
  const expected = fields.optionalWholeNumber('expected', count);
  return {
    id,
    project: fields.text('project'),
    createdAt: fields.instant('createdAt'),
    createdBy: fields.text('createdBy'),
    selection: selectionIn(fields.object('selection')),
    ratePerSecond: fields.wholeNumber('ratePerSecond', { min: 1, max: redriveBounds.ratePerSecondMax }),
    canary: fields.wholeNumber('canary', { min: 0, max: redriveBounds.canaryMax }),
    stopAtShare: fields.share('stopAtShare'),
    selectedMax: fields.wholeNumber('selectedMax', { min: 1, max: redriveBounds.selectedMax }),
    ...(endsFrom === undefined ? {} : { endsFrom }),
    ...(expected === undefined ? {} : { expected }),
  };
}

function selectionIn(fields: JsonObject): RedriveSelection {
  const texts = (name: string) => {
    const value = fields.textOrTexts(name);
    return typeof value === 'string' ? [value] : value;
  };
  const known = texts('statuses');
  const errorText = fields.optionalText('errorText');
  const errorCode = fields.optionalWholeNumber('errorCode', count);
  const deliveryId = fields.optionalText('deliveryId');
  return {
    kind: fields.word('kind', redriveKinds),
    ...(fields.has('functionUrns') ? { functionUrns: texts('functionUrns') } : {}),
    statuses: statuses.filter((status) => known.includes(status)),
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(errorText === undefined ? {} : { errorText }),
    ...(deliveryId === undefined ? {} : { deliveryId }),
    ...(fields.has('mayBeMadeAnew') ? { mayBeMadeAnew: fields.flag('mayBeMadeAnew') } : {}),
    beginAt: fields.instant('beginAt'),
    endAt: fields.instant('endAt'),
  };
}

function runIn(fields: JsonObject): RedriveRun {
  const before = fields.object('before');
  const missing = fields.optionalWholeNumber('missing', count);
  return {
    process: fields.text('process'),
    at: fields.instant('at'),
    marker: fields.text('marker'),
    isExhausted: fields.flag('isExhausted'),
    selected: fields.wholeNumber('selected', count),
    sent: fields.wholeNumber('sent', count),
    refusals: fields.objects('refusals').map((one) => ({ reason: one.text('reason'), count: one.wholeNumber('count', count) })),
    examples: fields.objects('examples').map((one) => ({ requestId: one.text('requestId'), reason: one.text('reason') })),
    succeeded: fields.wholeNumber('succeeded', count),
    failed: fields.wholeNumber('failed', count),
    ...(missing === undefined ? {} : { missing }),
    ...(fields.has('progressAt') ? { progressAt: fields.instant('progressAt') } : {}),
    isCanaryPassed: fields.flag('isCanaryPassed'),
    before: { succeeded: before.wholeNumber('succeeded', count), failed: before.wholeNumber('failed', count) },
    ...(fields.has('stop') ? { stop: stopIn(fields.object('stop')) } : {}),
    ...(fields.has('endedAt') ? { endedAt: fields.instant('endedAt') } : {}),
  };
}

function stopIn(fields: JsonObject): NonNullable<RedriveRun['stop']> {
  return { at: fields.instant('at'), reason: fields.text('reason') };
}

function orderIn(fields: JsonObject): RedriveOrder {
  return { act: fields.word('act', ['cancel', 'resume']), at: fields.instant('at'), by: fields.text('by') };
}
