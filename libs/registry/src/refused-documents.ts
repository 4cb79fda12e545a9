import { Counter, type Registry as Metrics } from 'prom-client';
import { beginningOf } from '#contracts';

/**
 * Why a registry refuses a document. `unsigned`: it has no signature. `forged`: its signature is
 * not valid. `replayed`: a document with a higher sequence number was there before. `concurrent`:
 * two processes wrote at the same time, and the other document came first. `malformed`: the ingress
 * signed it, and this version cannot read it.
 */
export type RefusalReason = 'unsigned' | 'forged' | 'replayed' | 'concurrent' | 'malformed';

/** Receives a warning for the operator. */
export type Warn = (message: string, details: Readonly<Record<string, unknown>>) => void;

/** Keys that are remembered at once: those to restore, and those that were logged. */
const keysMax = { overwritten: 10_000, logged: 100 } as const;
/** A key is logged once in this time. */
const logIntervalMs = 60_000;
/** Characters of a key in the log. The writer of a forged record chooses its key. */
const keyLengthMax = 256;

/** Counts and logs refused documents, and remembers which keys end with one, or have none. */
export class RefusedDocuments {
  private readonly overwritten = new Set<string>();
  private readonly logged = new Set<string>();
  private loggedSince = Number.NEGATIVE_INFINITY;
  private readonly counter: Counter | undefined;

  /** @param now a monotonic time in milliseconds. */
  constructor(
    private readonly warn: Warn,
    metrics: Metrics | undefined,
    private readonly now: () => number,
  ) {
    this.counter =
      metrics === undefined
        ? undefined
        : new Counter({
            name: 'sendoff_registry_documents_refused_total',
            help: 'Documents of the registry that this process ignored, by reason.',
            labelNames: ['reason'],
            registers: [metrics],
          });
  }

  /**
   * The keys whose last record in the topic was refused, at most 10,000, and those that are lost.
   */
  get overwrittenKeys(): readonly string[] {
    return [...this.overwritten];
  }

  /** @param isRestorable true if the ingress should write its own document again. */
  add(key: string, reason: RefusalReason, details: Readonly<Record<string, unknown>>, isRestorable: boolean): void {
    this.counter?.inc({ reason });
    if (isRestorable && this.overwritten.size < keysMax.overwritten) this.overwritten.add(key);
    const now = this.now();
    if (now - this.loggedSince >= logIntervalMs) {
      this.logged.clear();
      this.loggedSince = now;
    }
    if (this.logged.has(key) || this.logged.size >= keysMax.logged) return;
    this.logged.add(key);
    this.warn('The registry refuses a document', { key: beginningOf(key, keyLengthMax), reason, ...details });
  }

  /** The topic has no record of this key any more. */
  noteLost(key: string): void {
    this.overwritten.add(key);
  }

  /** The last record of the key is valid again. */
  settle(key: string): void {
    this.overwritten.delete(key);
  }
}
