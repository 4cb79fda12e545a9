import type { Condition, DeliveryStatus, EpochMs, RecordPlace } from '#contracts';

/** The part of an invocation that every event repeats. */
export interface EventSubject {
  readonly requestId: string;
  readonly functionUrn: string;
  readonly project: string;
  readonly acceptedAt: EpochMs;
  /** The end of the validity period, where the record tells it. */
  readonly expiresAt?: EpochMs;
  /** Tags of the caller. Absent if it has none, or if the event does not repeat them. */
  readonly tags?: readonly string[];
  /** The reference of a stored payload; absent if the event does not repeat it. */
  readonly payloadRef?: string;
  /** See `failureRouteOf`. Absent if nobody hears of a failure, or if the event does not tell. */
  readonly failureRoute?: string;
}

/** One thing that happened to an invocation, as a record of a work topic reports it. */
export type StatusEvent =
  /** It is on a topic of invocations and waits for its turn to make `attempt`. */
  | ({
      readonly kind: 'queued';
      readonly attempt: number;
      readonly lastError: string;
      /** Which start of the attempt it is for, from 2; see `Invocation.chance`. */
      readonly chance?: number;
      /** Absent if no record of a topic reports the event. */
      readonly place?: RecordPlace;
    } & EventSubject)
  /** It is in a delay topic until `attempt` is due. */
  | ({
      readonly kind: 'waiting';
      readonly attempt: number;
      readonly dueAt: EpochMs;
      readonly retriesUsed?: number;
      readonly lastError: string;
      /** Absent if no record of a topic reports the event. */
      readonly place?: RecordPlace;
    } & EventSubject)
  | ({ readonly kind: 'running'; readonly attempt: number; readonly startedAt: EpochMs } & EventSubject)
  | ({
      readonly kind: 'settled';
      readonly condition: Condition;
      readonly attempts: number;
      readonly startedAt?: EpochMs;
      /** How long after its due time the last attempt started, in milliseconds. */
      readonly lateMs?: number;
      readonly endedAt: EpochMs;
      readonly errorMessage: string;
      /** True if no service reported it: the records of the invocation are gone. */
      readonly isPresumed?: true;
      /** The reference of a stored return value. */
      readonly responseRef?: string;
    } & EventSubject)
  /** A delivery waits for its next try. */
  | ({ readonly kind: 'delivery'; readonly delivery: DeliveryStatus } & Pick<EventSubject, 'requestId'> & Partial<EventSubject>);
