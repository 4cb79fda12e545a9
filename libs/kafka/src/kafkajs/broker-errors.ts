import { PlatformError } from '#contracts';

interface BrokerError {
  readonly name?: string;
  readonly type?: string;
  readonly message?: string;
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

/** Returns the innermost cause: the client wraps the error that made it give up. */
export function rootCause(error: unknown): BrokerError {
  let root = error as BrokerError;
  for (let depth = 0; depth < 8 && typeof root?.cause === 'object' && root.cause !== null; depth += 1)
    root = root.cause as BrokerError;
  return root ?? {};
}

/**
 * Returns the error for a request that the brokers did not answer. A PlatformError is returned as
 * it is.
 */
export function unavailable(error: unknown, details: Readonly<Record<string, unknown>> = {}): PlatformError {
  if (error instanceof PlatformError) return error;
  const { type, message } = rootCause(error);
  return new PlatformError('BROKER_UNAVAILABLE', {
    details: { reason: message ?? type ?? 'no answer', ...details },
    cause: error,
  });
}

/**
 * Waits for a promise, but no longer than `timeoutMs`; a later result is ignored.
 * @throws PlatformError `BROKER_UNAVAILABLE` after `timeoutMs`, and for any failure of the promise.
 */
export async function withTimeout<Answer>(timeoutMs: number, what: string, promise: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new PlatformError('BROKER_UNAVAILABLE', { details: { reason: `${what} took longer than ${timeoutMs} ms` } }));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, patience]);
  } catch (error) {
    throw unavailable(error, { what });
  } finally {
    clearTimeout(timer);
  }
}
