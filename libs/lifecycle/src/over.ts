import { type EpochMs, epochMs, type RecordPlace, workTopicRetentionMs } from '#contracts';
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
  return [
    ...(functionUrn === '' || endedAt !== undefined ? [] : [end]),
    ...lostDeliveries.map(
      ({ dueAt: _dueAt, ...delivery }): StatusEvent => ({
        kind: 'delivery',
        requestId,
        delivery: { ...delivery, state: 'undelivered', at: now, reason: lostDelivery },
      }),
    ),
  ];
}

/**
 * A retry-scheduler may hold a record in memory that its topic has lost. It releases the record
 * within this time after its due time, in milliseconds.
 */
export const vanishedMs = 600_000;

/**
 * The events that end an invocation that waited in a delay topic which has lost its record: an
 * operator deleted records, or the topic. Empty while it may still live.
 */
export function vanishedEvents(record: FoldedRecord, now: EpochMs): readonly StatusEvent[] {
  if (record.endedAt !== undefined || lastSignOf(record) + vanishedMs >= now) return [];
  return [
    lostEnd(record, now, 'the delay topic lost the record of the invocation: somebody deleted records of it, or the topic'),
  ];
}

/**
 * The events that end an invocation whose record a lane lost before an executor had finished it. An
 * operator deleted records, or their retention has passed. Empty if it may still live.
 * @param startOf the offset of the oldest record that a partition of a lane holds; undefined for a
 *   partition of another topic.
 */
export function droppedEvents(
  record: FoldedRecord,
  startOf: (place: RecordPlace) => bigint | undefined,
  now: EpochMs,
): readonly StatusEvent[] {
  const inLanes = record.places.filter((place) => startOf(place) !== undefined);
  const [first] = inLanes;
  if (record.endedAt !== undefined || first === undefined) return [];
  if (inLanes.some((place) => place.offset >= (startOf(place) ?? 0n))) return [];
  return [
    lostEnd(
      record,
      now,
      `the topic ${first.topic} lost the record of the invocation before an executor had finished it: somebody deleted records of it, or their retention has passed`,
    ),
  ];
}

function lostEnd(record: FoldedRecord, now: EpochMs, errorMessage: string): StatusEvent {
  const { requestId, functionUrn, project, acceptedAt, attempts, startedAt } = record;
  return {
    ...{ kind: 'settled', requestId, functionUrn, project, acceptedAt, attempts, endedAt: now, errorMessage },
    condition: 'EventAgeExceeded',
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

const lostDelivery = 'Kafka removed the record of the delivery after its retention, before the notifier had read it';

/** The last instant at which a service wrote a record of it, or will have written one. */
function lastSignOf({ acceptedAt, startedAt, dueAt, endedAt, deliveries }: FoldedRecord): EpochMs {
  return latest([acceptedAt, startedAt, dueAt, endedAt, ...deliveries.flatMap(({ at, dueAt: next }) => [at, next])]);
}

function latest(instants: readonly (EpochMs | undefined)[]): EpochMs {
  return epochMs(Math.max(...instants.map((instant) => instant ?? 0)));
}
