import { ShortLivedMap } from '#platform';
import type { PublishCall } from './publisher-queue.ts';

/** The calls of `publish` that are not settled. Each is settled once. */
export class PublishCalls {
  /** By number, in the order of their deadlines. */
  private readonly calls = new ShortLivedMap<number, PublishCall>();
  private lastNumber = 0;
  private timer: NodeJS.Timeout | undefined;
  private whenEmpty: (() => void) | undefined;

  /**
   * @param timeoutMs how long a call may take, in milliseconds.
   * @param overdue is called with calls whose deadline has passed. It must settle them.
   */
  constructor(
    private readonly timeoutMs: number,
    private readonly overdue: (calls: readonly PublishCall[]) => void,
  ) {}

  get isEmpty(): boolean {
    return this.calls.size === 0;
  }

  /** The deadline of a call that begins now. */
  deadline(): number {
    return performance.now() + this.timeoutMs;
  }

  add(call: PublishCall): void {
    call.number = this.lastNumber += 1;
    this.calls.set(call.number, call);
    this.watchDeadlines();
  }

  /** Ends a call, unless it has ended. @param error why its records are not all written. */
  settle(call: PublishCall, error?: unknown): void {
    if (call.isSettled) return;
    call.isSettled = true;
    if (call.number !== undefined) this.calls.delete(call.number);
    if (error === undefined) call.resolve();
    else call.reject(error);
    if (this.isEmpty) this.whenEmpty?.();
  }

  /** Resolves when no call is left. No call may be added meanwhile. */
  async settled(): Promise<void> {
    if (!this.isEmpty)
      await new Promise<void>((resolve) => {
        this.whenEmpty = resolve;
      });
    clearTimeout(this.timer);
  }

  /** Sets one timer for all calls, to the earliest deadline. */
  private watchDeadlines(): void {
    if (this.timer !== undefined) return;
    const [oldest] = this.calls.values();
    if (oldest === undefined) return;
    const leftMs = Math.max(1, oldest.deadlineAt - performance.now() + 1);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const now = performance.now();
      const overdue: PublishCall[] = [];
      for (const call of this.calls.values()) {
        if (call.deadlineAt > now) break;
        overdue.push(call);
      }
      this.overdue(overdue);
      this.watchDeadlines();
    }, leftMs);
  }
}
