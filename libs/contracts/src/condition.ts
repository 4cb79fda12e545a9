/** Where an invocation stands, in FunctionGraph's words. */
export type Status = 'WAIT' | 'RUNNING' | 'SUCCESS' | 'FAIL' | 'DISCARD';

/**
 * How an invocation ended. `condition` is the word in the notification message, `errorCode` the number in records and log
 * lines (4208 is FunctionGraph's own, the others are ours), `statusCode` the `response_context.status_code`.
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
  InvocationTimeout: { status: 'FAIL', errorCode: 4203, statusCode: 408, meaning: 'The function ran past its timeout.' },
  OutOfMemory: { status: 'FAIL', errorCode: 4204, statusCode: 500, meaning: 'The function passed its memory limit.' },
  InvocationCanceled: { status: 'FAIL', errorCode: 4208, statusCode: 499, meaning: 'The invocation was cancelled.' },
  SystemError: { status: 'FAIL', errorCode: 4500, statusCode: 500, meaning: 'The platform could not run the function in time.' },
  EventAgeExceeded: {
    status: 'DISCARD',
    errorCode: 4501,
    statusCode: 500,
    meaning: 'The invocation never ran to an end within its validity period.',
  },
  RecursionDetected: { status: 'DISCARD', errorCode: 4502, statusCode: 500, meaning: 'The invocation was over the hop limit.' },
} as const satisfies Record<
  string,
  { readonly status: Status; readonly errorCode: number; readonly statusCode: number; readonly meaning: string }
>;

/** The end of an invocation; the empty word is success. */
export type Condition = keyof typeof conditions;

/** Tells whether a text is one of the {@link conditions}. */
export function isCondition(text: string): text is Condition {
  return Object.hasOwn(conditions, text);
}
