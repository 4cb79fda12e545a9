import { type DeliveryStatus, type EpochMs, epochMs, type RecordPlace, workTopicRetentionMs } from '#contracts';
import type { FoldedRecord } from './fold.ts';
import type { StatusEvent } from './status-event.ts';

/**
 * When nothing can happen any more to an invocation: it has ended, and no delivery waits. The age
 * of its record counts from then.
 * @returns undefined while it lives.
 */
export function overAt({ functionUrn, endedAt, deliveries }: FoldedRecord): EpochMs | undefined {
  // Of some invocations only a delivery is known, because their other records were removed.
  const isEnded = functionUrn === '' || endedAt !== undefined;
  if (!isEnded || deliveries.some(({ state }) => state === 'pending')) return undefined;
  return latest([endedAt, ...deliveries.map(({ at }) => at)]);
}

/**
 * The events that end an invocation whose records are gone from the topics: nobody will report on
 * it again. Empty while it may still live.
 *
 * A record stays on its topic for {@link workTopicRetentionMs}. An invocation writes one when it is
 * accepted, attempted, delayed and settled, and its validity period is shorter. So after that time
 * without a record, no service knows it any more.
 */
export function lostEvents(record: FoldedRecord, now: EpochMs): readonly StatusEvent[] {
  if (lastSignOf(record) + workTopicRetentionMs >= now) return [];
  const { requestId, functionUrn, endedAt, deliveries } = record;
  const end = lostEnd(
    record,
    now,
    'Kafka removed the record of the invocation after its retention, before a service had read it',
  );
  const lostDeliveries = deliveries.filter(({ state }) => state === 'pending');
  const reason = 'Kafka removed the record of the delivery after its retention, before the notifier had read it';
  return [
    ...(functionUrn === '' || endedAt !== undefined ? [] : [end]),
    ...lostDeliveries.map((delivery) => undeliveredEvent(requestId, delivery, now, reason)),
  ];
}

/**
 * The events that give up the deliveries of an invocation that no notifier will finish. Somebody
 * deleted records, or a topic, or moved the offsets of a group. A notifier that holds such a record
 * in memory after all corrects the end.
 * @param finishedTo services have finished each delivery that was due, or began, before.
 */
export function lostDeliveryEvents(
  { requestId, deliveries }: FoldedRecord,
  finishedTo: EpochMs,
  now: EpochMs,
): readonly StatusEvent[] {
  const lost = deliveries.filter(({ state, at, dueAt }) => state === 'pending' && latest([at, dueAt]) + vanishedMs < finishedTo);
  const reason =
    'no notifier will finish the record of the delivery: somebody deleted records, or a topic, or moved the offsets of a group';
  return lost.map((delivery) => undeliveredEvent(requestId, delivery, now, reason));
}

function undeliveredEvent(requestId: string, delivery: DeliveryStatus, now: EpochMs, reason: string): StatusEvent {
  const { dueAt: _dueAt, ...told } = delivery;
  return { kind: 'delivery', requestId, delivery: { ...told, state: 'undelivered', at: now, reason } };
}

/**
 * A service may hold a record in memory that its topic has lost. The end of the invocation is
 * presumed this long after its last sign, in milliseconds.
 */
export const vanishedMs = 600_000;

/** Tells if anything can still follow from a record that carries a payload. */
export type PlaceFate =
  /** A service has it, or will read it. */
  | 'open'
  /** Its service has finished it. The topic holds it, so an operator can have it read again. */
  | 'finished'
  /** Its service has finished it, or its topic lost it before. Nobody has it any more. */
  | 'passed'
  /** The topic has lost it. A service that read it before may have it in memory. */
  | 'gone';

/**
 * The events that end an invocation whose newest record was lost before a service had finished it.
 * An operator deleted records, or the topic, or their retention has passed. Empty if it may still
 * live. A service that holds the record in memory after all corrects the end.
 */
export function vanishedEvents(
  record: FoldedRecord,
  fateOf: (place: RecordPlace) => PlaceFate,
  now: EpochMs,
): readonly StatusEvent[] {
  const [newest] = record.places;
  if (record.endedAt !== undefined || newest === undefined) return [];
  const fates = record.places.map(fateOf);
  if (fates[0] === 'finished' || fates.includes('open')) return [];
  if (fates[0] === 'gone' && heldUntil(record, newest) >= now) return [];
  return [
    lostEnd(
      record,
      now,
      `the topic ${newest.topic} lost the record of the invocation before a service had finished it: somebody deleted records, or the topic, or their retention has passed`,
    ),
  ];
}

/** Until then a service may hold the lost record of an invocation. */
function heldUntil(record: FoldedRecord, newest: RecordPlace): number {
  const quietFrom = latest([lastSignOf(record), newest.at]) + vanishedMs;
  return record.status === 'RUNNING' ? Math.max(quietFrom, record.expiresAt ?? 0) : quietFrom;
}

function lostEnd(record: FoldedRecord, now: EpochMs, errorMessage: string): StatusEvent {
  const { requestId, functionUrn, project, acceptedAt, attempts, startedAt } = record;
  return {
    ...{ kind: 'settled', requestId, functionUrn, project, acceptedAt, attempts, endedAt: now, errorMessage },
    condition: 'EventAgeExceeded',
    isPresumed: true,
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

/** The last instant at which a service wrote a record of it, or will have written one. */
function lastSignOf({ acceptedAt, startedAt, dueAt, endedAt, deliveries }: FoldedRecord): EpochMs {
  return latest([acceptedAt, startedAt, dueAt, endedAt, ...deliveries.flatMap(({ at, dueAt: next }) => [at, next])]);
}

function latest(instants: readonly (EpochMs | undefined)[]): EpochMs {
  return epochMs(Math.max(...instants.map((instant) => instant ?? 0)));
}
