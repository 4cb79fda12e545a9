/** A request or response of an HTTP server. */
interface Closing {
  on(event: 'close', listener: () => void): unknown;
}

/**
 * Calls a listener when a request or response has closed. Node emits `close` once, so the listener
 * need not be removed. With `once`, the five of a request took about 1 us more.
 */
export function onClose(closing: Closing, listener: () => void): void {
  closing.on('close', listener);
}
