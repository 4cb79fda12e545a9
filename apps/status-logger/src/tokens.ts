/** Injection token of the recorder. */
export const RECORDER = Symbol('recorder');
/** Injection token of the status store. */
export const STATUS_STORE = Symbol('status store');
