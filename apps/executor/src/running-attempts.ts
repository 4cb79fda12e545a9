import { bareUrnOf, type Cancellation, type Purge } from '#contracts';
import { type Cancellable, type Cancellations, type CancelSignal, CancelSource, isPurgedBy, ShortLivedMap } from '#platform';

/** An attempt that a cancellation can abort, until it is disposed of. */
export interface CancellableAttempt extends Disposable {
  readonly signal: CancelSignal;
  /** Notes that the function runs. Only a purge of running attempts aborts it from now on. */
  starts(): void;
}

class UnderWay implements CancellableAttempt {
  readonly signal = new CancelSource();
  hasStarted = false;

  constructor(
    readonly invocation: Cancellable,
    private readonly end: (attempt: UnderWay) => void,
  ) {}

  starts(): void {
    this.hasStarted = true;
  }

  [Symbol.dispose](): void {
    this.end(this);
  }
}

/**
 * The attempts that wait for their turn or run in this process, by invocation, so that a
 * cancellation or a purge can abort them.
 */
export class RunningAttempts {
  /** By request id. Hardly any id has a second attempt here. */
  private readonly underWay = new ShortLivedMap<string, readonly UnderWay[]>();
  private readonly end = (attempt: UnderWay): void => this.remove(attempt);

  constructor(private readonly cancellations: Cancellations) {
    cancellations.onCancelled((invocation) => this.abort(invocation));
    cancellations.onPurged((purge) => this.purge(purge));
  }

  /**
   * Registers an attempt until it is disposed of. Its signal aborts when the invocation is
   * cancelled; if it was cancelled before, the signal has aborted already.
   */
  begin(invocation: Cancellable): CancellableAttempt {
    const { requestId, functionUrn, acceptedAt } = invocation;
    const attempt = new UnderWay({ requestId, functionUrn, acceptedAt }, this.end);
    this.underWay.set(requestId, [...this.withId(requestId), attempt]);
    if (this.cancellations.has(invocation)) attempt.signal.abort();
    return attempt;
  }

  /** Whether an attempt of the invocation waits for its turn or runs in this process. */
  has(invocation: Cancellation): boolean {
    return this.attemptsOf(invocation).length > 0;
  }

  private remove(attempt: UnderWay): void {
    const { requestId } = attempt.invocation;
    const others = this.withId(requestId).filter((one) => one !== attempt);
    if (others.length === 0) this.underWay.delete(requestId);
    else this.underWay.set(requestId, others);
  }

  private withId(requestId: string): readonly UnderWay[] {
    return this.underWay.get(requestId) ?? [];
  }

  /** Kafka producers choose their request ids: another function may have the same one. */
  private attemptsOf({ requestId, functionUrn }: Cancellation): readonly UnderWay[] {
    const bareUrn = bareUrnOf(functionUrn);
    return this.withId(requestId).filter(({ invocation }) => bareUrnOf(invocation.functionUrn) === bareUrn);
  }

  private abort(invocation: Cancellation): void {
    for (const { signal } of this.attemptsOf(invocation)) signal.abort();
  }

  private purge(purge: Purge): void {
    for (const { invocation, signal, hasStarted } of [...this.underWay.values()].flat())
      if ((purge.includesRunning || !hasStarted) && isPurgedBy(purge, invocation)) signal.abort();
  }
}
