import type { Timer } from './basics/clock.ts';
import type { CancelSignal } from './cancel-signal.ts';
import { type RunningClock, runningTimer } from './running-timer.ts';

/**
 * A signal that aborts when the time is over, or with another one, until it is disposed of. The
 * time in which the process stood still does not count.
 * `AbortSignal.any` with `AbortSignal.timeout` costs 23 us of CPU a use, and this 6. Their timers
 * and weak references live on until the time is over.
 */
export class BoundedSignal implements Disposable {
  /** True if the time was over before the other signal aborted. */
  isTimedOut = false;
  private readonly controller = new AbortController();
  private readonly timer: Timer;
  private readonly abort = (): void => this.controller.abort(this.outer?.reason);

  constructor(
    private readonly outer: CancelSignal | undefined,
    timeoutMs: number,
    clock: RunningClock,
  ) {
    this.timer = runningTimer(clock, timeoutMs, () => {
      if (this.signal.aborted) return;
      this.isTimedOut = true;
      this.controller.abort(new DOMException('the time is over', 'TimeoutError'));
    });
    if (outer?.aborted === true) this.abort();
    else outer?.addEventListener('abort', this.abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  [Symbol.dispose](): void {
    this.timer.cancel();
    this.outer?.removeEventListener('abort', this.abort);
  }
}
