/** A way in. */
export type Door = 'http' | 'kafka';

/** One invocation of the load, as the test itself saw it. Times are of `performance.now()`. */
interface Promised {
  readonly door: Door;
  readonly sentAt: number;
  answeredAt?: number;
  /** A 202, or an offset of the broker for the record. */
  isAccepted: boolean;
  runs: number;
  /** Notifications, and how many of them were of a failure. */
  told: number;
  failures: number;
  firstToldAt?: number;
}

/** The sums of one scenario. */
export interface Sums {
  readonly accepted: number;
  readonly acceptedBy: Readonly<Record<Door, number>>;
  /** Sent, and not accepted. These may run or not: nobody was promised anything. */
  readonly refusedBy: Readonly<Record<Door, number>>;
  /** Accepted, but never run or never told to the destination. */
  readonly lost: number;
  /** Told to the destination as failed. */
  readonly failed: number;
  /** Runs of an invocation past its first. */
  readonly repeats: number;
  /** Notifications of an invocation past its first. */
  readonly toldAgain: number;
  /** From the fault to the last refusal over HTTP, in ms; 0 without one. */
  readonly refusedForMs: number;
  /**
   * From the fault to the end of its last effect, in ms; 0 without one. Effects are refusals over
   * HTTP, and invocations that took longer than usual until the notification. Over HTTP the time
   * counts from sending, and over Kafka from the acknowledgement of the broker. Refusals and waits
   * of the Kafka producer do not count: it belongs to the test.
   */
  readonly recoveryMs: number;
}

/**
 * Counts promises of the doors, runs of functions and notifications. It asks no part of Sendoff:
 * each event of the load carries an id of the test.
 */
export class PromiseCount {
  private readonly byId = new Map<string, Promised>();
  private faultAt: number | undefined;

  /** @param usualMs longest time until the notification without a fault, see {@link Sums}. */
  constructor(private readonly usualMs: number) {}

  sent(id: string, door: Door): void {
    this.byId.set(id, { door, sentAt: performance.now(), isAccepted: false, runs: 0, told: 0, failures: 0 });
  }

  answered(id: string, isAccepted: boolean): void {
    Object.assign(this.must(id), { answeredAt: performance.now(), isAccepted });
  }

  /** Marks the time from which recovery is measured. */
  faultBegins(): void {
    this.faultAt = performance.now();
  }

  ran(id: string): void {
    const promised = this.byId.get(id);
    if (promised !== undefined) promised.runs += 1;
  }

  toldOf(id: string, isFailure: boolean): void {
    const promised = this.byId.get(id);
    if (promised === undefined) return;
    promised.told += 1;
    promised.firstToldAt ??= performance.now();
    if (isFailure) promised.failures += 1;
  }

  /** Accepted invocations that were not run, or not told to the destination, so far. */
  missing(): readonly string[] {
    return [...this.byId].flatMap(([id, { door, isAccepted, runs, told }]) =>
      isAccepted && (runs === 0 || told === 0) ? [`${door} ${id}: ${runs} runs, ${told} notifications`] : [],
    );
  }

  sums(): Sums {
    const all = [...this.byId.values()];
    const accepted = all.filter(({ isAccepted }) => isAccepted);
    const by = (some: readonly Promised[]) => {
      const http = some.filter(({ door }) => door === 'http').length;
      return { http, kafka: some.length - http };
    };
    const refused = all.filter(({ isAccepted }) => !isAccepted);
    const slow = accepted.filter(({ door, sentAt, answeredAt = sentAt, firstToldAt = Number.POSITIVE_INFINITY }) => {
      const isSendoffsFrom = door === 'http' ? sentAt : answeredAt;
      return firstToldAt - isSendoffsFrom > this.usualMs;
    });
    const refusedForMs = this.sinceFault(refused.flatMap(({ door, answeredAt = 0 }) => (door === 'http' ? [answeredAt] : [])));
    return {
      accepted: accepted.length,
      acceptedBy: by(accepted),
      refusedBy: by(refused),
      lost: this.missing().length,
      failed: all.filter(({ failures }) => failures > 0).length,
      repeats: sumOf(all.map(({ runs }) => Math.max(0, runs - 1))),
      toldAgain: sumOf(all.map(({ told }) => Math.max(0, told - 1))),
      refusedForMs,
      recoveryMs: Math.max(refusedForMs, this.sinceFault(slow.map(({ firstToldAt = 0 }) => firstToldAt))),
    };
  }

  /** From the fault to the last of these times; 0 if all are earlier. */
  private sinceFault(times: readonly number[]): number {
    return Math.round(Math.max(0, ...times.map((time) => time - (this.faultAt ?? time))));
  }

  private must(id: string): Promised {
    const promised = this.byId.get(id);
    if (promised === undefined) throw new Error(`${id} was not sent`);
    return promised;
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
