import type { CancelSignal } from './cancel-signal.ts';
import { Fifo } from './fifo.ts';

/** Bounds how many acts run at once. Others wait in their order. */
export class Places {
  private readonly waiting = new Fifo<() => void>();
  private taken = 0;

  /** @param max acts at once. */
  constructor(private readonly max: number) {}

  /**
   * Runs an act when a place is free.
   * @param signal ends the wait for a place; the promise then rejects with its reason.
   */
  async within<T>(act: () => Promise<T>, signal?: CancelSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.taken < this.max) this.taken++;
    else await this.turn(signal);
    try {
      return await act();
    } finally {
      // The place goes to the next act directly, so that no act in between makes one too many.
      const next = this.waiting.shift();
      if (next === undefined) this.taken--;
      else next();
    }
  }

  private async turn(signal: CancelSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.waiting.remove(begin);
        reject(signal?.reason as Error);
      };
      this.waiting.push(begin);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
