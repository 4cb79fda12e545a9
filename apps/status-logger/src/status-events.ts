import {
  decodeActivity,
  decodeDelivery,
  decodeInvocation,
  decodeSettlement,
  decodeWaiting,
  deliveryIdOf,
  header,
  type IncomingRecord,
  type Invocation,
} from '#contracts';
import { concerned, type EventSubject, type StatusEvent } from '#lifecycle';

/** What a record of a topic tells of an invocation, and where its status log goes. */
export interface ReadEvents {
  readonly events: readonly StatusEvent[];
  /** `group/stream`; absent where no line is wanted. */
  readonly statusLog?: string;
}

const noPayload = null;

function subjectOf({ requestId, functionUrn, project, acceptedAt }: Invocation): EventSubject {
  return { requestId, functionUrn, project, acceptedAt };
}

function withLog(events: readonly StatusEvent[], statusLog: string | undefined): ReadEvents {
  return { events, ...(statusLog === undefined ? {} : { statusLog }) };
}

/**
 * Reads a work record as events. The work topics are the log: nothing is reported to the store in any other way.
 * @param topic without the prefix.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function eventsOf(topic: string, record: IncomingRecord): ReadEvents {
  if (topic === 'invocations' || topic === 'invocations.bulk') return queued(record);
  if (topic === 'settlements') return settled(record);
  if (topic === 'activity') return activity(record);
  return waiting(record);
}

function queued({ headers }: IncomingRecord): ReadEvents {
  const invocation = decodeInvocation({ headers, value: noPayload });
  return withLog(
    [{ kind: 'queued', attempt: invocation.attempt, lastError: invocation.lastError ?? '', ...subjectOf(invocation) }],
    invocation.policy.statusLog,
  );
}

function waiting(record: IncomingRecord): ReadEvents {
  const { releaseTo, dueAt } = decodeWaiting(record);
  if (releaseTo === 'notifications') {
    const { occasion, deliveryId, try: next, reason } = decodeDelivery(record);
    // What is published belongs to no invocation.
    if (occasion.kind !== 'settled') return { events: [] };
    const delivery = {
      deliveryId,
      state: 'pending',
      tries: next - 1,
      at: record.timestamp,
      dueAt,
      ...(reason === undefined ? {} : { reason }),
    } as const;
    return withLog([{ kind: 'delivery', delivery, ...subjectOf(occasion.settlement.invocation) }], undefined);
  }
  const invocation = decodeInvocation({ headers: record.headers, value: noPayload });
  const event = {
    kind: 'waiting',
    attempt: invocation.attempt,
    dueAt,
    lastError: invocation.lastError ?? '',
    ...subjectOf(invocation),
  } as const;
  return withLog([event], invocation.policy.statusLog);
}

/** A settlement that some target wants starts that delivery: pending until the notifier tells how it ended. */
function settled({ headers, timestamp }: IncomingRecord): ReadEvents {
  const { [header.requestBytes]: _requestBytes, ...ending } = headers;
  const settlement = decodeSettlement({ headers: ending, value: noPayload });
  const { invocation, condition, attempts, startedAt, endedAt, errorMessage } = settlement;
  const subject = subjectOf(invocation);
  const end: StatusEvent = {
    kind: 'settled',
    condition,
    attempts,
    endedAt,
    errorMessage,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...subject,
  };
  const target = concerned(settlement);
  if (target === undefined) return withLog([end], invocation.policy.statusLog);
  const delivery = { deliveryId: deliveryIdOf(target), state: 'pending', tries: 0, at: timestamp } as const;
  return withLog([end, { kind: 'delivery', delivery, ...subject }], invocation.policy.statusLog);
}

function activity(record: IncomingRecord): ReadEvents {
  const fact = decodeActivity(record);
  switch (fact.kind) {
    case 'running': {
      const { requestId, functionUrn, project, acceptedAt, attempt, startedAt, statusLog } = fact;
      return withLog([{ kind: 'running', requestId, functionUrn, project, acceptedAt, attempt, startedAt }], statusLog);
    }
    case 'delivery-ended': {
      const { requestId, kind: _kind, ...delivery } = fact;
      return withLog([{ kind: 'delivery', requestId, delivery }], undefined);
    }
    case 'cancel-asked':
      return { events: [] };
    default:
      return fact satisfies never;
  }
}

/** Numbers of the statuses in the status log. */
const seqStatus = { WAIT: 0, RUNNING: 1, SUCCESS: 2, FAIL: 3, DISCARD: 4 } as const;

/** What a line of the status log is made of. */
export interface Transition {
  readonly functionUrn: string;
  readonly requestId: string;
  readonly status: keyof typeof seqStatus;
  readonly at: number;
  readonly errorCode: number;
  readonly errorMessage: string;
}

/**
 * One line of the status log, without its line end: `function_urn|request_id|seq_status|operation_timestamp|error_code|error_message`.
 * The separator and line ends in the message, those of Unicode included, become spaces.
 */
export function statusLine({ functionUrn, requestId, status, at, errorCode, errorMessage }: Transition): string {
  return [
    functionUrn,
    requestId,
    seqStatus[status],
    at,
    errorCode,
    errorMessage.replaceAll(/[|\n\v\f\r\u0085\u2028\u2029]+/g, ' '),
  ].join('|');
}
