import { type OutgoingRecord, PlatformError, physicalTopic, type RegistryDocument, registryKey } from '#contracts';
import type { Publisher } from '#kafka';
import type { Registry } from './registry.ts';

/** A document as it is to be, or the key of one that is to go. */
export type Change = RegistryDocument | { readonly delete: string };

/** Why nothing is written. */
export interface Refused<Refusal> {
  readonly refusal: Refusal;
}

/** How a mutation ended. */
export type Mutation<Refusal> = { readonly kind: 'written' } | ({ readonly kind: 'refused' } & Refused<Refusal>);

/** Settings of a {@link RegistryWriter}. */
export interface RegistryWriterOptions {
  readonly registry: Registry;
  readonly publisher: Publisher;
  /** Of all topic names. */
  readonly prefix: string;
  /** How long to wait for the own copy, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** Mutations that may wait for their turn. Default 1,000. */
  readonly waitingMax?: number;
}

/**
 * Writes to the registry: read to the end, check, write, wait until the own copy has it. One mutation at a time within the process, so that
 * a check sees all that was written before it here; of two processes that write the same document at once the last one wins.
 */
export class RegistryWriter {
  readonly #registry: Registry;
  readonly #publisher: Publisher;
  readonly #topic: string;
  readonly #timeoutMs: number;
  readonly #waitingMax: number;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor({ registry, publisher, prefix, timeoutMs = 5_000, waitingMax = 1_000 }: RegistryWriterOptions) {
    this.#registry = registry;
    this.#publisher = publisher;
    this.#topic = physicalTopic(prefix, 'registry');
    this.#timeoutMs = timeoutMs;
    this.#waitingMax = waitingMax;
  }

  /**
   * Changes what a check allows. When it resolves as written, {@link Registry} of this process answers accordingly.
   * @param check pure: looks at the registry as it is now, answers with the changes to make or with a refusal; what it throws is thrown.
   * @throws PlatformError `REGISTRY_BEHIND` when the end could not be read in time, before the write or after it.
   * @throws PlatformError `BROKER_UNAVAILABLE`, `RECORD_TOO_LARGE`, `PUBLISHER_SATURATED`, `PUBLISHER_CLOSED`.
   */
  mutate<Refusal = never>(check: (registry: Registry) => readonly Change[] | Refused<Refusal>): Promise<Mutation<Refusal>> {
    if (this.#waiting >= this.#waitingMax)
      return Promise.reject(new PlatformError('PUBLISHER_SATURATED', { details: { waiting: this.#waiting } }));
    this.#waiting += 1;
    const mutation = this.#turn
      .then(() => this.#mutate(check))
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#turn = mutation.catch(() => undefined);
    return mutation;
  }

  /** Changes without a check; see {@link mutate}. */
  async write(changes: readonly Change[]): Promise<void> {
    await this.mutate(() => changes);
  }

  async #mutate<Refusal>(check: (registry: Registry) => readonly Change[] | Refused<Refusal>): Promise<Mutation<Refusal>> {
    await this.#registry.caughtUp(this.#timeoutMs);
    const verdict = check(this.#registry);
    if (isRefused(verdict)) return { kind: 'refused', refusal: verdict.refusal };
    if (verdict.length === 0) return { kind: 'written' };
    await this.#publisher.publish(verdict.map((change) => recordOf(this.#topic, change)));
    await this.#registry.caughtUp(this.#timeoutMs);
    return { kind: 'written' };
  }
}

function isRefused<Refusal>(verdict: readonly Change[] | Refused<Refusal>): verdict is Refused<Refusal> {
  return !Array.isArray(verdict);
}

function recordOf(topic: string, change: Change): OutgoingRecord {
  if ('delete' in change) return { topic, key: change.delete, value: null, headers: {} };
  return { topic, key: registryKey(change), value: Buffer.from(JSON.stringify(change)), headers: {} };
}
