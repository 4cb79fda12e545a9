import {
  asksForAttempts,
  decodeActivity,
  decodeDelivery,
  decodeInvocation,
  decodeSettlement,
  decodeWaiting,
  deliveryIdOf,
  type DeliveryStatus,
  type EpochMs,
  failureRouteOf,
  header,
  type IncomingRecord,
  type Invocation,
  placeOf,
  printable,
  type RecordHeaders,
  type RecordPlace,
  type TopicName,
} from '#contracts';
import { targetFor, type EventSubject, type StatusEvent } from '#lifecycle';

/** The events that one record reports, and where their status log goes. */
export interface RecordEvents {
  readonly events: readonly StatusEvent[];
  /** `group/stream`; absent if the function has no status log. */
  readonly statusLog?: string;
}

/**
 * Stands for the payload when a record is decoded: the status needs none, and decoding it would
 * cost time.
 */
const noPayload = null;

function subjectOf(invocation: Invocation): EventSubject {
  const { requestId, functionUrn, project, acceptedAt, expiresAt, tags, payloadRef } = invocation;
  return {
    requestId,
    functionUrn,
    project,
    acceptedAt,
    expiresAt,
    ...(tags === undefined ? {} : { tags }),
    ...(payloadRef === undefined ? {} : { payloadRef }),
  };
}

function routeOf({ policy }: Invocation, headers: RecordHeaders): Pick<EventSubject, 'failureRoute'> {
  const isHeard = policy.destinations.onFailure !== undefined || policy.statusLog !== undefined;
  return isHeard ? { failureRoute: failureRouteOf(headers) } : {};
}

function withLog(events: readonly StatusEvent[], statusLog: string | undefined): RecordEvents {
  return { events, ...(statusLog === undefined ? {} : { statusLog }) };
}

/**
 * Reads the events from a record of a work topic. These records are the only source of the store
 * (I4).
 * @param topic without the prefix; a topic not named below is a delay topic.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of the wrong shape.
 */
export function eventsOf(topic: TopicName, record: IncomingRecord): RecordEvents {
  if (asksForAttempts(topic)) return eventsOfInvocation(topic, record);
  if (topic === 'settlements') return eventsOfSettlement(record);
  if (topic === 'activity') return eventsOfActivity(record);
  return eventsOfWaiting(topic, record);
}

function eventsOfInvocation(topic: TopicName, record: IncomingRecord): RecordEvents {
  const invocation = decodeInvocation({ headers: record.headers, value: noPayload });
  return withLog([queuedAt(placeOf(topic, record), invocation, record)], invocation.policy.statusLog);
}

/** The event that the record of an attempt tells. */
function queuedAt(place: RecordPlace, invocation: Invocation, { headers }: Pick<IncomingRecord, 'headers'>): StatusEvent {
  const { attempt, chance, lastError = '' } = invocation;
  return {
    kind: 'queued',
    attempt,
    lastError,
    place,
    ...(chance === undefined ? {} : { chance }),
    ...subjectOf(invocation),
    ...routeOf(invocation, headers),
  };
}

function eventsOfWaiting(topic: TopicName, record: IncomingRecord): RecordEvents {
  const { releaseTo, dueAt } = decodeWaiting(record);
  if (releaseTo === 'notifications') {
    const { event, deliveryId, try: next, reason } = decodeDelivery(record);
    // A published message belongs to no invocation.
    if (event.kind !== 'settled') return { events: [] };
    const delivery = {
      deliveryId,
      state: 'pending',
      tries: next - 1,
      at: record.timestamp,
      dueAt,
      ...(reason === undefined ? {} : { reason }),
    } as const;
    return withLog([{ kind: 'delivery', delivery, ...subjectOf(event.settlement.invocation) }], undefined);
  }
  const invocation = decodeInvocation({ headers: record.headers, value: noPayload });
  const event = {
    kind: 'waiting',
    attempt: invocation.attempt,
    dueAt,
    retriesUsed: invocation.retriesUsed,
    lastError: invocation.lastError ?? '',
    place: placeOf(topic, record),
    ...subjectOf(invocation),
    ...routeOf(invocation, record.headers),
  } as const;
  return withLog([event], invocation.policy.statusLog);
}

/**
 * A settlement also tells what the record told from which the last attempt was made. So that record
 * need not be read; see `PairedRecords`.
 *
 * A settlement starts a delivery if the policy names a target for it. The delivery is pending until
 * the notifier reports its end.
 */
function eventsOfSettlement({ headers, timestamp }: IncomingRecord): RecordEvents {
  const settlement = decodeSettlement({ headers: withoutRequestBytes(headers), value: noPayload });
  const { invocation, condition, attempts, startedAt, endedAt, errorMessage, isPresumed, responseRef, madeFrom } = settlement;
  const subject = subjectOf(invocation);
  const end: StatusEvent = {
    kind: 'settled',
    condition,
    attempts,
    endedAt,
    errorMessage,
    ...(isPresumed === undefined ? {} : { isPresumed }),
    ...(startedAt === undefined ? {} : { startedAt, lateMs: Math.max(0, startedAt - invocation.dueAt) }),
    ...(responseRef === undefined ? {} : { responseRef }),
    ...subject,
  };
  const told = madeFrom === undefined ? [end] : [queuedAt(madeFrom, invocation, { headers }), end];
  const target = targetFor(settlement);
  if (target === undefined) return withLog(told, invocation.policy.statusLog);
  const delivery = begunAt(timestamp, deliveryIdOf(target));
  return withLog([...told, { kind: 'delivery', delivery, ...subject }], invocation.policy.statusLog);
}

/** Most settlements hold no payload, and a copy of their headers costs time. */
function withoutRequestBytes(headers: RecordHeaders): RecordHeaders {
  if (headers[header.requestBytes] === undefined) return headers;
  const { [header.requestBytes]: _requestBytes, ...rest } = headers;
  return rest;
}

/** A delivery of which no try is known yet. */
function begunAt(at: EpochMs, deliveryId: string): DeliveryStatus {
  return { deliveryId, state: 'pending', tries: 0, at };
}

function eventsOfActivity(record: IncomingRecord): RecordEvents {
  const fact = decodeActivity(record);
  switch (fact.kind) {
    case 'running': {
      const { requestId, functionUrn, project, acceptedAt, attempt, startedAt, statusLog } = fact;
      return withLog([{ kind: 'running', requestId, functionUrn, project, acceptedAt, attempt, startedAt }], statusLog);
    }
    case 'delivery-ended': {
      const { requestId, kind: _kind, followedBy = [], ...delivery } = fact;
      const events = [delivery, ...followedBy.map((deliveryId) => begunAt(fact.at, deliveryId))];
      return withLog(
        events.map((one) => ({ kind: 'delivery', requestId, delivery: one })),
        undefined,
      );
    }
    default:
      return fact satisfies never;
  }
}

/** The number of each status in the status log, as FunctionGraph writes it. */
const seqStatus = { WAIT: 0, RUNNING: 1, SUCCESS: 2, FAIL: 3, DISCARD: 4 } as const;

/** One change of status, as a line of the status log shows it. */
export interface Transition {
  readonly functionUrn: string;
  readonly requestId: string;
  readonly status: keyof typeof seqStatus;
  /** When the status was reached, in milliseconds since 1970. */
  readonly at: number;
  readonly errorCode: number;
  readonly errorMessage: string;
}

const fieldSeparator = '|';

/**
 * Writes a line of the status log, without its line end:
 * `function_urn|request_id|seq_status|operation_timestamp|error_code|error_message`.
 * Texts are {@link printable}: a separator in the message is `\u{7c}`, a line end `\u{a}`.
 */
export function statusLine({ functionUrn, requestId, status, at, errorCode, errorMessage }: Transition): string {
  return [functionUrn, requestId, String(seqStatus[status]), String(at), String(errorCode), errorMessage]
    .map((field) => printable(field, fieldSeparator))
    .join(fieldSeparator);
}
