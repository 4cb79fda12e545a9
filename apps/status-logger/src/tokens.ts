/** Injection token of the recorder. */
export const RECORDER = Symbol('recorder');
/** Injection token of the status store. */
export const STATUS_STORE = Symbol('status store');
/** Injection token of this service's options. */
export const STATUS_LOGGER_OPTIONS = Symbol('status-logger options');

/** Settings that the controllers use. */
export interface StatusLoggerOptions {
  /** The secret that services of one installation share. */
  readonly internalToken: string;
}
