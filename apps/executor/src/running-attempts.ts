import { bareUrnOf, type Cancellation, type Purge } from '#contracts';
import { type Cancellable, type Cancellations, type CancelSignal, CancelSource, isPurgedBy, ShortLivedMap } from '#platform';

/** An attempt that a cancellation can abort, until it is disposed of. */
export interface CancellableAttempt extends Disposable {
  readonly signal: CancelSignal;
  /** Notes that the function runs. Only a purge of running attempts aborts it from now on. */
  starts(): void;
}

/** One attempt, and the next one here with the same request id. */
class UnderWay implements CancellableAttempt {
  readonly signal = new CancelSource();
  hasStarted = false;
  next: UnderWay | undefined;

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
  private readonly first = new ShortLivedMap<string, UnderWay>();
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
    attempt.next = this.first.get(requestId);
    this.first.set(requestId, attempt);
    if (this.cancellations.has(invocation)) attempt.signal.abort();
    return attempt;
  }

  /** Whether an attempt of the invocation waits for its turn or runs in this process. */
  has(invocation: Cancellation): boolean {
    return this.attemptsOf(invocation).length > 0;
  }

  private remove(attempt: UnderWay): void {
    const { requestId } = attempt.invocation;
    const first = this.first.get(requestId);
    if (first !== attempt) {
      for (let one = first; one !== undefined; one = one.next) if (one.next === attempt) one.next = attempt.next;
    } else if (attempt.next === undefined) this.first.delete(requestId);
    else this.first.set(requestId, attempt.next);
  }

  /** Kafka producers choose their request ids: another function may have the same one. */
  private attemptsOf({ requestId, functionUrn }: Cancellation): readonly UnderWay[] {
    const bareUrn = bareUrnOf(functionUrn);
    return linked(this.first.get(requestId)).filter(({ invocation }) => bareUrnOf(invocation.functionUrn) === bareUrn);
  }

  private abort(invocation: Cancellation): void {
    for (const { signal } of this.attemptsOf(invocation)) signal.abort();
  }

  private purge(purge: Purge): void {
    for (const { invocation, signal, hasStarted } of [...this.first.values()].flatMap(linked))
      if ((purge.includesRunning || !hasStarted) && isPurgedBy(purge, invocation)) signal.abort();
  }
}

/** An attempt and those behind it. */
function linked(first: UnderWay | undefined): readonly UnderWay[] {
  const all: UnderWay[] = [];
  for (let one = first; one !== undefined; one = one.next) all.push(one);
  return all;
}
