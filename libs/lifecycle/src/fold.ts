import {
  conditions,
  type DeliveryStatus,
  type EpochMs,
  epochMs,
  type History,
  type RecordPlace,
  type StatusRecord,
} from '#contracts';
import { noHistory, withEvent } from './history.ts';
import { withPlace } from './record-place.ts';
import type { StatusEvent } from './status-event.ts';

/**
 * The status of an invocation, as far as its events have arrived. An event of a higher `stage`
 * overwrites one of a lower. A later attempt is higher than an earlier one. Within an attempt the
 * order is waiting, queued, running. A presumed end is higher, and a settlement is the highest.
 */
export interface FoldedRecord extends StatusRecord {
  readonly stage: number;
  /** The newest records that carry its payload, newest first; see {@link withPlace}. */
  readonly places: readonly RecordPlace[];
  /** How long after its due time the last attempt started, in milliseconds; ended ones only. */
  readonly lateMs?: number;
  /** The end of the validity period; absent while no record has told it. */
  readonly expiresAt?: EpochMs;
  /** See `failureRouteOf`. Absent if no record told of a failure destination or a status log. */
  readonly failureRoute?: string;
  readonly history: History;
}

const within = { queued: 0, waiting: 1, running: 2 } as const;
const settledStage = Number.MAX_SAFE_INTEGER;
const presumedStage = settledStage - 1;

/**
 * The stage of an event before the settlement. A waiting attempt is queued when it is due, so
 * `waiting` is lower than `queued`.
 */
function stageOf(kind: keyof typeof within, attempt: number): number {
  if (kind === 'waiting') return attempt * 4;
  return attempt * 4 + 1 + within[kind];
}

const unseen = (requestId: string): FoldedRecord => ({
  requestId,
  functionUrn: '',
  project: '',
  status: 'WAIT',
  errorCode: 0,
  errorMessage: '',
  acceptedAt: epochMs(0),
  attempts: 0,
  tags: [],
  deliveries: [],
  stage: -1,
  places: [],
  history: noHistory,
});

/**
 * Folds one event into the record of its invocation. Commutative and idempotent (I4), because
 * records of different topics may arrive in any order, and more than once.
 *
 * An invocation that was settled twice keeps the settlement that ended first. An end that was only
 * presumed, because no topic held a record, gives way to any settlement.
 */
export function fold(record: FoldedRecord | undefined, event: StatusEvent): FoldedRecord {
  const named = taggedBy(subjectOf(record ?? unseen(event.requestId), event), event);
  const told = withFailureRoute(withPayloadRef(named, event), event);
  const known = withHistory(told, event);
  switch (event.kind) {
    case 'delivery':
      return foldDelivery(known, event.delivery);
    case 'settled':
      return foldSettled(known, event);
    case 'queued':
    case 'waiting':
      return foldProgress(foldPlace(known, event.place), event);
    case 'running':
      return foldProgress(known, event);
    default:
      return event satisfies never;
  }
}

function withHistory(record: FoldedRecord, event: StatusEvent): FoldedRecord {
  const history = withEvent(record.history, event);
  const isTold = record.expiresAt === undefined && event.expiresAt !== undefined;
  if (history === record.history && !isTold) return record;
  return isTold ? { ...record, history, expiresAt: event.expiresAt } : { ...record, history };
}

function subjectOf(record: FoldedRecord, event: StatusEvent): FoldedRecord {
  if (record.functionUrn !== '' || event.functionUrn === undefined) return record;
  return {
    ...record,
    functionUrn: event.functionUrn,
    project: event.project ?? '',
    acceptedAt: event.acceptedAt ?? record.acceptedAt,
  };
}

/** The place is kept whatever the stage: it tells which record is newest, not how far it is. */
function foldPlace(record: FoldedRecord, place: RecordPlace | undefined): FoldedRecord {
  if (place === undefined) return record;
  const places = withPlace(record.places, place);
  return places === record.places ? record : { ...record, places };
}

/**
 * A producer may write one request id twice, with other tags: the order of texts then decides,
 * because the order of arrival may not.
 */
function taggedBy(record: FoldedRecord, { tags = [] }: StatusEvent): FoldedRecord {
  if (tags.length === 0 || tags === record.tags) return record;
  const isKept = record.tags.length > 0 && record.tags.join(',') <= tags.join(',');
  return isKept ? record : { ...record, tags };
}

/** As for tags, the order of texts decides between two invocations of one request id. */
function withPayloadRef(record: FoldedRecord, { payloadRef }: StatusEvent): FoldedRecord {
  if (payloadRef === undefined || (record.payloadRef !== undefined && record.payloadRef <= payloadRef)) return record;
  return { ...record, payloadRef };
}

/** As for tags, the order of texts decides. */
function withFailureRoute(record: FoldedRecord, { failureRoute }: StatusEvent): FoldedRecord {
  if (failureRoute === undefined || (record.failureRoute !== undefined && record.failureRoute <= failureRoute)) return record;
  return { ...record, failureRoute };
}

/**
 * Before the settlement, every shown field comes from the event of the highest stage alone. No
 * field is carried over from an earlier event, because that event may not have arrived yet.
 */
function foldProgress(
  record: FoldedRecord,
  event: Extract<StatusEvent, { kind: 'queued' | 'waiting' | 'running' }>,
): FoldedRecord {
  const stage = stageOf(event.kind, event.attempt);
  if (stage < record.stage) return record;
  const { dueAt, startedAt } = record;
  const rest = withoutProgress(record);
  switch (event.kind) {
    case 'queued':
      if (stage === record.stage) return record;
      return { ...rest, stage, status: 'WAIT', attempts: event.attempt - 1, errorMessage: event.lastError };
    case 'waiting':
      if (stage === record.stage && (dueAt ?? 0) >= event.dueAt) return record;
      return { ...rest, stage, status: 'WAIT', attempts: event.attempt - 1, dueAt: event.dueAt, errorMessage: event.lastError };
    case 'running':
      if (stage === record.stage && (startedAt ?? 0) >= event.startedAt) return record;
      return { ...rest, stage, status: 'RUNNING', attempts: event.attempt, startedAt: event.startedAt, errorMessage: '' };
    default:
      return event satisfies never;
  }
}

/** A pattern that leaves fields out copies slowly, and most records have none of these. */
function withoutProgress(record: FoldedRecord): FoldedRecord {
  if (record.dueAt === undefined && record.startedAt === undefined) return record;
  const { dueAt: _dueAt, startedAt: _startedAt, ...rest } = record;
  return rest;
}

/** As {@link withoutProgress}, for the fields of an earlier settlement. */
function withoutEnd(record: FoldedRecord): FoldedRecord {
  if (record.lateMs === undefined && record.responseRef === undefined) return record;
  const { lateMs: _lateMs, responseRef: _responseRef, ...rest } = record;
  return rest;
}

function foldSettled(record: FoldedRecord, event: Extract<StatusEvent, { kind: 'settled' }>): FoldedRecord {
  const { status, errorCode } = conditions[event.condition];
  const stage = event.isPresumed === true ? presumedStage : settledStage;
  if (stage < record.stage) return record;
  const { errorMessage, endedAt, attempts, startedAt, lateMs, responseRef } = event;
  const settled: { -readonly [Field in keyof FoldedRecord]: FoldedRecord[Field] } = {
    ...withoutEnd(withoutProgress(record)),
    stage,
    status,
    errorCode,
    errorMessage,
    endedAt,
    attempts,
  };
  if (startedAt !== undefined) settled.startedAt = startedAt;
  if (lateMs !== undefined) settled.lateMs = lateMs;
  if (responseRef !== undefined) settled.responseRef = responseRef;
  return record.stage === stage && settlementOrder(record) <= settlementOrder(settled) ? record : settled;
}

/** Sorts before every other character, so a text is higher than its own beginning. */
const between = '\0';

/**
 * A total order of the settlements of one invocation: by end, then by all other fields. Every order
 * of arrival keeps the same settlement.
 */
function settlementOrder(settlement: FoldedRecord): string {
  const { endedAt, errorCode, attempts, startedAt, lateMs, errorMessage, responseRef } = settlement;
  const digits = (value: number) => String(value).padStart(16, '0');
  return [
    digits(endedAt ?? 0),
    digits(errorCode),
    digits(attempts),
    digits(startedAt ?? 0),
    digits(lateMs ?? 0),
    errorMessage,
    responseRef ?? '',
  ].join(between);
}

function foldDelivery(record: FoldedRecord, delivery: DeliveryStatus): FoldedRecord {
  const deliveries = mergeDelivery(record.deliveries, delivery);
  return deliveries === record.deliveries ? record : { ...record, deliveries };
}

function mergeDelivery(deliveries: readonly DeliveryStatus[], next: DeliveryStatus): readonly DeliveryStatus[] {
  const known = deliveries.find(({ deliveryId }) => deliveryId === next.deliveryId);
  if (known !== undefined && deliveryOrder(known) >= deliveryOrder(next)) return deliveries;
  const others = deliveries.filter(({ deliveryId }) => deliveryId !== next.deliveryId);
  return [...others, next].toSorted((a, b) => (a.deliveryId < b.deliveryId ? -1 : 1));
}

/**
 * A total order of the reports on one delivery: an end beats waiting, then the later report wins,
 * then all other fields decide.
 */
function deliveryOrder({ state, tries, at, dueAt, reason, location }: DeliveryStatus): string {
  const digits = (value: number) => String(value).padStart(16, '0');
  const isEnded = state === 'pending' ? '0' : '1';
  return [
    isEnded,
    digits(state === 'pending' ? tries : at),
    digits(at),
    state,
    digits(tries),
    digits(dueAt ?? 0),
    reason ?? '',
    location ?? '',
  ].join(between);
}
