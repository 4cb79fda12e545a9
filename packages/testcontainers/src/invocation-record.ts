/** How far an invocation is. */
export type InvocationStatus = 'WAIT' | 'RUNNING' | 'SUCCESS' | 'FAIL' | 'DISCARD';

/** The notification of one target. */
export interface Delivery {
  readonly state: 'pending' | 'delivered' | 'undelivered';
  readonly tries: number;
  /** Why the last try failed. */
  readonly reason?: string;
  /** The place of the notice, as a URL or the name of a topic. */
  readonly location?: string;
}

/** The record of one invocation. */
export interface InvocationRecord {
  readonly requestId: string;
  readonly functionName: string;
  readonly status: InvocationStatus;
  /** Attempts that were started. */
  readonly attempts: number;
  /** 0 on success. */
  readonly errorCode: number;
  /** Empty on success. */
  readonly errorMessage: string;
  readonly deliveries: readonly Delivery[];
}

/** A record as the API answers it. */
export interface RecordAnswer {
  readonly request_id: string;
  readonly status: InvocationStatus;
  readonly approximate_invoke_count: number;
  readonly error_code: number;
  readonly error_message: string;
  readonly deliveries: readonly Delivery[];
}

/** Whether the invocation has ended. */
export function hasEnded({ status }: Pick<InvocationRecord, 'status'>): boolean {
  return status === 'SUCCESS' || status === 'FAIL' || status === 'DISCARD';
}

/** Reads a record of the API. */
export function recordOf(functionName: string, answer: RecordAnswer): InvocationRecord {
  return {
    requestId: answer.request_id,
    functionName,
    status: answer.status,
    attempts: answer.approximate_invoke_count,
    errorCode: answer.error_code,
    errorMessage: answer.error_message,
    deliveries: answer.deliveries.map(({ state, tries, reason, location }) => ({
      state,
      tries,
      ...(reason === undefined ? {} : { reason }),
      ...(location === undefined ? {} : { location }),
    })),
  };
}
