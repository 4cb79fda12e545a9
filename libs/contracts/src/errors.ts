import { printable } from './printable.ts';

/**
 * Every failure that the platform names. Codes are public: new ones may be added, none is renamed.
 * `retryable` is true if the same call may succeed later without a change.
 */
export const errorCatalogue = {
  CONFIG_INVALID: { retryable: false, meaning: 'An environment variable is missing or has an invalid value.' },
  CONTRACT_VIOLATED: { retryable: false, meaning: 'A record does not have the format of its topic.' },
  BROKER_UNAVAILABLE: { retryable: true, meaning: 'Kafka did not acknowledge a write.' },
  BROKER_LOGIN_FAILED: {
    retryable: true,
    meaning: 'The brokers refuse the account of the service, or expect one and got none. At the start the service ends.',
  },
  BROKER_TLS_FAILED: {
    retryable: true,
    meaning:
      'No TLS connection to the brokers: they show another certificate than expected, or refuse ours, or do not speak TLS.',
  },
  BROKER_ACCESS_DENIED: {
    retryable: true,
    meaning: 'The account of the service may not use a topic or a group. docs/kafka-acls.md lists what it needs.',
  },
  BROKER_TOKEN_UNAVAILABLE: {
    retryable: true,
    meaning: 'The token endpoint, or the file that should hold a token for the brokers, gave none.',
  },
  BROKER_MISSING: {
    retryable: false,
    meaning: 'KAFKA_BROKERS is not set, and this machine has neither Java with Maven nor Docker.',
  },
  BROKER_START_FAILED: { retryable: false, meaning: 'The broker that Sendoff started did not become ready.' },
  DATA_DIR_LOCKED: { retryable: false, meaning: 'Another process uses the data folder.' },
  OBJECT_STORE_UNAVAILABLE: {
    retryable: true,
    meaning: 'The object store did not answer, or returned bytes with another digest.',
  },
  PARTITION_LOST: { retryable: true, meaning: 'The partition moved to another process, which handles the record again.' },
  PUBLISHER_SATURATED: {
    retryable: true,
    meaning: 'The number or the size of unacknowledged records has reached the limit of the publisher.',
  },
  PUBLISHER_CLOSED: { retryable: false, meaning: 'The service wrote a record after it had closed its publisher.' },
  RECORD_TOO_NEW: {
    retryable: true,
    meaning: 'A service of a newer release wrote the record. It waits until a service of that release reads it.',
  },
  RECORD_TOO_LARGE: { retryable: false, meaning: 'The record is larger than the broker accepts.' },
  RECORD_UNHANDLED: {
    retryable: false,
    meaning: 'A handler failed on one record with RECORD_TRIES_MAX unexpected errors; the process ends.',
  },
  READING_STALLED: {
    retryable: true,
    meaning: 'A process read nothing for two minutes although its partitions have records; it ends and is started again.',
  },
  SHARE_ELSEWHERE: {
    retryable: true,
    meaning: 'Other executors have the whole concurrency of the function. The ingress asks another one.',
  },
  REGISTRY_BEHIND: { retryable: true, meaning: 'The local copy of the registry did not catch up in time.' },
  REGISTRY_CONTENDED: { retryable: true, meaning: 'Other processes kept changing the same documents of the registry.' },
  SECRET_UNREADABLE: {
    retryable: false,
    meaning: 'A secret cannot be decrypted: the key is another one, or the text was changed.',
  },
  SERVICE_START_FAILED: { retryable: false, meaning: 'A service ended before it was ready.' },
  STORE_DAMAGED: {
    retryable: true,
    meaning:
      'The file of the status store is damaged, or tables of the database are gone. The process ends. The next one sets the file aside, or makes all tables, and builds the store again from the topics.',
  },
  STORE_TOO_NEW: { retryable: false, meaning: 'A newer version of Sendoff has changed the status store.' },
  STORE_UNSUITABLE: {
    retryable: false,
    meaning:
      'The database is too old, or refuses the account of the status-logger. Or the file of the store may not be written. The message says what to change.',
  },
  BROKER_UNSUITABLE: {
    retryable: false,
    meaning: 'The brokers lack requests of the Kafka protocol that Sendoff needs. The message names them.',
  },
  TOPIC_UNSUITABLE: {
    retryable: false,
    meaning:
      'A topic exists already, and its settings or partitions would lose records. The message has the command to change it. Or the brokers refuse to create a topic: the message has their reason.',
  },
  STORE_UNAVAILABLE: { retryable: true, meaning: 'The status store did not answer, or could not write.' },
} as const satisfies Record<string, { readonly retryable: boolean; readonly meaning: string }>;

/** A code of the {@link errorCatalogue}. */
export type ErrorCode = keyof typeof errorCatalogue;

/**
 * The only error class of the platform. It reports failures that callers do not expect; expected
 * answers are values. `message` and `details` are for operators and hold neither payloads nor
 * secrets. `cause` is the error that was caught. The message is {@link printable}, whatever a peer
 * put into it.
 */
export class PlatformError extends Error {
  readonly code: ErrorCode;
  /** Facts for the operator, as JSON values. */
  readonly details: Readonly<Record<string, unknown>>;

  /**
   * @param details `reason` becomes part of the message; each text of `lines` becomes an indented
   *   line below it.
   */
  constructor(code: ErrorCode, options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {}) {
    const { reason, lines } = options.details ?? {};
    const head = `${code}: ${typeof reason === 'string' ? printable(reason) : errorCatalogue[code].meaning}`;
    super(
      [head, ...(Array.isArray(lines) ? lines : []).map((line) => `  ${printable(String(line))}`)].join('\n'),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'PlatformError';
    this.code = code;
    this.details = options.details ?? {};
  }

  /** True if the same call may succeed later without a change. */
  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }
}

/**
 * The error for a record that does not have the format of its topic. The transport writes the
 * record to `rejects` with this reason.
 * @param reason the fault and its place, without payloads or secrets.
 */
export function contractViolated(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('CONTRACT_VIOLATED', { details: { reason }, cause });
}
