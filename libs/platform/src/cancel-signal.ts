/** As much of an `AbortSignal` as a wait or a run needs; an `AbortSignal` is one. */
export interface CancelSignal extends Pick<AbortSignal, 'aborted' | 'reason' | 'throwIfAborted'> {
  /** Calls the listener once, when the signal aborts. */
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Makes one signal, and is that signal. An `AbortController` costs 2 us and a kilobyte with its
 * listeners, and nearly no attempt is ever cancelled.
 */
export class CancelSource implements CancelSignal {
  aborted = false;
  reason: Error | undefined;
  private listeners: readonly (() => void)[] = [];

  /** @param reason is thrown by waits that the signal ends. */
  abort(reason: Error = new Error('cancelled')): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const { listeners } = this;
    this.listeners = [];
    for (const listener of listeners) listener();
  }

  throwIfAborted(): void {
    if (this.reason !== undefined) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners = [...this.listeners, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.listeners.length > 0) this.listeners = this.listeners.filter((one) => one !== listener);
  }
}
