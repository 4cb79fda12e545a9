/** Injection token of the recorder. */
export const RECORDER = Symbol('recorder');
/** Injection token of the status store. */
export const STATUS_STORE = Symbol('status store');
/** Injection token of this service's options. */
export const STATUS_LOGGER_OPTIONS = Symbol('status-logger options');

/** What the controllers must know. */
export interface StatusLoggerOptions {
  readonly topicPrefix: string;
  readonly internalToken: string;
}
