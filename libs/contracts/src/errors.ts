/** Every failure this platform names. A code is public: it may be added, never renamed. `retryable`: may the same call, unchanged, succeed later? */
export const errorCatalogue = {
  CONFIG_INVALID: { retryable: false, meaning: 'The environment does not satisfy the config.' },
  CONTRACT_VIOLATED: { retryable: false, meaning: 'A record does not have the shape its topic promises.' },
  BROKER_UNAVAILABLE: { retryable: true, meaning: 'Kafka did not acknowledge a write.' },
  BROKER_MISSING: { retryable: false, meaning: 'No broker was given and none can be started on this machine.' },
  BROKER_START_FAILED: { retryable: false, meaning: 'The broker that was started here did not become ready.' },
  DATA_DIR_LOCKED: { retryable: false, meaning: 'Another process uses the data folder.' },
  OBJECT_STORE_UNAVAILABLE: { retryable: true, meaning: 'The object store did not answer, or answered with other bytes.' },
  PARTITION_LOST: { retryable: true, meaning: 'A record went to another process, which handles it again.' },
  PUBLISHER_SATURATED: { retryable: true, meaning: 'More records wait for an acknowledgement than the publisher may hold.' },
  PUBLISHER_CLOSED: { retryable: false, meaning: 'A record was given to a publisher after it was closed.' },
  RECORD_TOO_LARGE: { retryable: false, meaning: 'A record is larger than the broker accepts.' },
  RECORD_UNHANDLED: {
    retryable: false,
    meaning: 'A handler failed on one record with unexpected errors, as often as RECORD_TRIES_MAX allows; the process ends.',
  },
  REGISTRY_BEHIND: { retryable: true, meaning: 'The own copy of the registry did not reach its end in time.' },
  SECRET_UNREADABLE: {
    retryable: false,
    meaning: 'A sealed secret cannot be opened: the platform key is another one, or the text was changed.',
  },
  SERVICE_START_FAILED: { retryable: false, meaning: 'A service ended before it was ready.' },
  STORE_TOO_NEW: { retryable: false, meaning: 'A newer version of the software has changed the status store.' },
  STORE_UNAVAILABLE: { retryable: true, meaning: 'The status store did not answer.' },
} as const satisfies Record<string, { readonly retryable: boolean; readonly meaning: string }>;

/** A code of the {@link errorCatalogue}. */
export type ErrorCode = keyof typeof errorCatalogue;

/**
 * The one error class of the platform: a surprise, never an answer. `message` and `details` are for an operator and hold
 * neither payloads nor secrets; `cause` keeps what was caught.
 */
export class PlatformError extends Error {
  readonly code: ErrorCode;
  /** What an operator needs to act on it; plain JSON values. */
  readonly details: Readonly<Record<string, unknown>>;

  /** @param details `reason` becomes part of the message. */
  constructor(code: ErrorCode, options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {}) {
    const reason = options.details?.['reason'];
    super(
      typeof reason === 'string' ? `${code}: ${reason}` : `${code}: ${errorCatalogue[code].meaning}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'PlatformError';
    this.code = code;
    this.details = options.details ?? {};
  }

  /** May the same call, unchanged, succeed later? */
  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }
}

/**
 * The error for a record whose shape is not the one its topic promises. The transport writes the record to `rejects` with this reason.
 * @param reason what is wrong and where; without payloads or secrets.
 */
export function contractViolated(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('CONTRACT_VIOLATED', { details: { reason }, cause });
}
