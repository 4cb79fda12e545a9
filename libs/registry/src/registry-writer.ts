import { type OutgoingRecord, PlatformError, type RegistryDocument, registryKey } from '#contracts';
import type { KafkaGateway } from '#kafka';
import { catchUpMsMax, type Registry } from './registry.ts';

/** A document to write, or the key of a document to delete. */
export type Change = RegistryDocument | { readonly delete: string };

/** The result of a check: the changes to write (possibly none), and an answer for the caller. */
export interface Edit {
  readonly changes: readonly Change[];
  readonly answer?: unknown;
}

/** The type of an edit's answer; `undefined` if the edit has none. */
type AnswerOf<Checked extends Edit> = Checked extends { readonly answer: infer Answer } ? Answer : undefined;

/** Settings of a {@link RegistryWriter}. */
export interface RegistryWriterOptions {
  readonly registry: Registry;
  readonly gateway: Pick<KafkaGateway, 'publisher' | 'topics'>;
  /** Longest wait for the local copy to catch up, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** Most mutations that may be queued or running. Default 1,000. */
  readonly waitingMax?: number;
}

/**
 * Writes to the registry. Each mutation waits until the local copy has caught up, checks,
 * publishes, and waits until the local copy holds the changes. This process runs one mutation at a
 * time, so a check sees every earlier write of this process. If two processes write the same
 * document at the same time, the last write wins.
 */
export class RegistryWriter {
  private readonly registry: Registry;
  private readonly gateway: RegistryWriterOptions['gateway'];
  private readonly timeoutMs: number;
  private readonly waitingMax: number;
  private lastMutation: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor({ registry, gateway, timeoutMs = catchUpMsMax, waitingMax = 1_000 }: RegistryWriterOptions) {
    this.registry = registry;
    this.gateway = gateway;
    this.timeoutMs = timeoutMs;
    this.waitingMax = waitingMax;
  }

  /**
   * Writes the changes that a check allows, then resolves with the answer of the check. The local
   * copy holds the changes by then.
   * @param check reads the registry it is handed and changes nothing itself. It may throw to
   *   refuse: then nothing is written, and the promise rejects with the error.
   * @throws PlatformError `REGISTRY_BEHIND` if the local copy did not catch up in time, before the
   *   write or after it.
   * @throws PlatformError `BROKER_UNAVAILABLE`, `RECORD_TOO_LARGE`, `PUBLISHER_SATURATED`,
   *   `PUBLISHER_CLOSED`.
   */
  mutate<Checked extends Edit>(check: (registry: Registry) => Checked): Promise<AnswerOf<Checked>> {
    if (this.waiting >= this.waitingMax)
      return Promise.reject(new PlatformError('PUBLISHER_SATURATED', { details: { waiting: this.waiting } }));
    this.waiting += 1;
    const mutation = this.lastMutation
      .then(() => this.checkAndWrite(check))
      .finally(() => {
        this.waiting -= 1;
      });
    this.lastMutation = mutation.catch(() => undefined);
    return mutation;
  }

  private async checkAndWrite<Checked extends Edit>(check: (registry: Registry) => Checked): Promise<AnswerOf<Checked>> {
    await this.registry.caughtUp(this.timeoutMs);
    const { changes, answer } = check(this.registry);
    if (changes.length > 0) {
      await this.gateway.publisher.publish(changes.map((change) => recordOf(this.gateway.topics.name('registry'), change)));
      await this.registry.caughtUp(this.timeoutMs);
    }
    return answer as AnswerOf<Checked>;
  }
}

function recordOf(topic: string, change: Change): OutgoingRecord {
  if ('delete' in change) return { topic, key: change.delete, value: null, headers: {} };
  return { topic, key: registryKey(change), value: Buffer.from(JSON.stringify(change)), headers: {} };
}
