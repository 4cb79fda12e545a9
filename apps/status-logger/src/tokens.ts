/** Injection token of the recorder. */
export const RECORDER = Symbol('recorder');
/** Injection token of the transitions that this process has stored last. */
export const RECENT_TRANSITIONS = Symbol('recent transitions');
/** Injection token of the status store. */
export const STATUS_STORE = Symbol('status store');
/** Injection token of the function that waits for records which were written before a question. */
export const CATCH_UP = Symbol('catch up');
