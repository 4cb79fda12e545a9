import type { PlatformError } from '#contracts';
import type { TransportLog } from '../log.ts';
import { isAccessFault } from './broker-errors.ts';

/**
 * How long the brokers may refuse a running process before it ends, in milliseconds. A renewed
 * password or certificate reaches its file within this time, and a withdrawn right is given back.
 */
export const refusalMaxMs = 60_000;

/** One thing that a process needs: its login, or the use of one topic. */
interface Refusal {
  readonly since: number;
  readonly error: PlatformError;
}

/**
 * Watches whether the brokers still accept a running process. While they refuse its account or one
 * of its rights, the process is not ready. If that lasts, the process ends: its supervisor starts
 * it again, and the start says what is wrong.
 */
export class AccessWatch {
  private readonly refusals = new Map<string, Refusal>();

  constructor(
    private readonly now: () => number,
    private readonly log: TransportLog,
    private readonly onFatal: (error: PlatformError) => void,
  ) {}

  /** True while something that the process needs is refused. */
  get isRefused(): boolean {
    return this.refusals.size > 0;
  }

  /** A request failed. Only faults of access count. @param what the thing that was asked for. */
  failed(what: string, error: unknown): void {
    if (isAccessFault(error)) this.refused(what, error);
  }

  /** The brokers refused something. */
  refused(what: string, error: PlatformError): void {
    const first = this.refusals.get(what);
    if (first === undefined) {
      this.refusals.set(what, { since: this.now(), error });
      this.log('error', 'The brokers refuse this service', { what, code: error.code, error: error.message });
      return;
    }
    if (this.now() - first.since >= refusalMaxMs) this.onFatal(error);
  }

  /** The brokers accepted something. */
  allowed(what: string): void {
    if (this.refusals.delete(what)) this.log('info', 'The brokers accept this service again', { what });
  }
}
