import type { Logger } from './logger.ts';

/** Reasons of one streak that are told apart. */
const reasonsMax = 8;

/**
 * Logs failures of work that is done again and again, at growing distances: the 1st, 2nd, 4th, 8th
 * in a row and so on. Each new reason is logged too, and so is the first success. So a fault that
 * lasts does not fill the log.
 */
export class FailureStreak {
  private failures = 0;
  private readonly reasons = new Set<string>();

  /** @param messages `fails` says when the next try follows. */
  constructor(
    private readonly logger: Pick<Logger, 'warn' | 'info'>,
    private readonly messages: { readonly fails: string; readonly works: string },
  ) {}

  /** The work failed. */
  failed(cause: unknown): void {
    const error = String(cause);
    this.failures += 1;
    const isNew = !this.reasons.has(error) && this.reasons.size < reasonsMax;
    if (isNew) this.reasons.add(error);
    if (isNew || Number.isInteger(Math.log2(this.failures)))
      this.logger.warn({ error, failures: this.failures }, this.messages.fails);
  }

  /** The work was done. */
  worked(): void {
    if (this.failures > 0) this.logger.info({ failures: this.failures }, this.messages.works);
    this.failures = 0;
    this.reasons.clear();
  }
}
