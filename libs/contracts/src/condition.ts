/** Every status of an invocation, in FunctionGraph's words. */
export const statuses = ['WAIT', 'RUNNING', 'SUCCESS', 'FAIL', 'DISCARD'] as const;

/** The status of an invocation, in FunctionGraph's words. */
export type Status = (typeof statuses)[number];

/** The statuses of invocations that have ended. */
export const endedStatuses: ReadonlySet<string> = new Set<Status>(['SUCCESS', 'FAIL', 'DISCARD']);

/**
 * How an invocation can end. The key is the `condition` of the notification message; it is empty on
 * success. `errorCode` is the number in records and log lines: 4208 is FunctionGraph's, the others
 * are Sendoff's. `statusCode` is the `response_context.status_code`.
 */
export const conditions = {
  '': { status: 'SUCCESS', errorCode: 0, statusCode: 200, meaning: 'The function succeeded.' },
  HandledInvocationError: { status: 'FAIL', errorCode: 4201, statusCode: 500, meaning: 'The function reported an error.' },
  UnhandledInvocationError: {
    status: 'FAIL',
    errorCode: 4202,
    statusCode: 500,
    meaning: 'The function threw, crashed or answered HTTP 5xx.',
  },
  InvocationTimeout: {
    status: 'FAIL',
    errorCode: 4203,
    statusCode: 408,
    meaning: 'The function did not end within its timeout.',
  },
  OutOfMemory: { status: 'FAIL', errorCode: 4204, statusCode: 500, meaning: 'The function exceeded its memory limit.' },
  ExecutorEnded: {
    status: 'FAIL',
    errorCode: 4205,
    statusCode: 500,
    meaning: 'Executors ended while the function ran, as often as `EXECUTOR_DEATHS_MAX` says.',
  },
  InvocationCanceled: { status: 'FAIL', errorCode: 4208, statusCode: 499, meaning: 'A client cancelled the invocation.' },
  SystemError: {
    status: 'FAIL',
    errorCode: 4500,
    statusCode: 500,
    meaning: 'The platform could not run the function within the validity period, or the function was deleted.',
  },
  EventAgeExceeded: {
    status: 'DISCARD',
    errorCode: 4501,
    statusCode: 500,
    meaning: 'The validity period ended before an attempt succeeded and before the retries were used up.',
  },
  RecursionDetected: {
    status: 'DISCARD',
    errorCode: 4502,
    statusCode: 500,
    meaning: 'More than 16 functions invoked each other in a row.',
  },
} as const satisfies Record<
  string,
  { readonly status: Status; readonly errorCode: number; readonly statusCode: number; readonly meaning: string }
>;

/** A key of {@link conditions}. The empty text is success. */
export type Condition = keyof typeof conditions;

/** Tells whether a text is one of the {@link conditions}. */
export function isCondition(text: string): text is Condition {
  return Object.hasOwn(conditions, text);
}

const conditionByCode = new Map<number, Condition>(
  Object.entries(conditions).map(([condition, { errorCode }]) => [errorCode, condition as Condition]),
);

/** The condition of a number in records and log lines; undefined if no condition has it. */
export function conditionOfCode(errorCode: number): Condition | undefined {
  return conditionByCode.get(errorCode);
}
