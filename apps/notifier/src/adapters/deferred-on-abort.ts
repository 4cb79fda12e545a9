import type { TryResult } from '#lifecycle';

const aborted: TryResult = { kind: 'deferred', reason: 'the try took too long' };

/**
 * Makes a try, and returns `deferred` as soon as the signal aborts. The try itself cannot be
 * stopped: its result is then ignored, and the target may still get the message.
 *
 * @param makeTry Not called if the signal has aborted already.
 */
export async function deferredOnAbort(signal: AbortSignal, makeTry: () => Promise<TryResult>): Promise<TryResult> {
  if (signal.aborted) return aborted;
  const { promise, resolve } = Promise.withResolvers<TryResult>();
  const onAbort = () => resolve(aborted);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([makeTry(), promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
