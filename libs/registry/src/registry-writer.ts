import { type OutgoingRecord, PlatformError, type RegistryDocument, registryKey } from '#contracts';
import type { KafkaGateway } from '#kafka';
import type { Signer } from '#platform';
import { deletion, type Revision, revisionOf, type SignedContent, signedRecord } from './document-signature.ts';
import { catchUpMsMax, type Registry, signedMarkerKey } from './registry.ts';

/** A document to write, or the key of a document to delete. */
export type Change = RegistryDocument | { readonly delete: string };

/** The result of a check: the changes to write (possibly none), and an answer for the caller. */
export interface Edit {
  readonly changes: readonly Change[];
  readonly answer?: unknown;
  /**
   * Checks a limit again when the changes are in force. Another process may have used the last
   * place between the check and the write. Its record comes first in the topic, so this call sees
   * it. An error undoes the changes, and the mutation rejects with it.
   */
  readonly within?: (registry: Registry) => void;
}

/** The type of an edit's answer; `undefined` if the edit has none. */
type AnswerOf<Checked extends Edit> = Checked extends { readonly answer: infer Answer } ? Answer : undefined;

/** Settings of a {@link RegistryWriter}. */
export interface RegistryWriterOptions {
  readonly registry: Registry;
  readonly gateway: Pick<KafkaGateway, 'publisher' | 'topics'>;
  /** Signs each document. */
  readonly signer: Signer;
  /** Longest wait for the local copy to catch up, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** Most mutations that may be queued or running. Default 1,000. */
  readonly waitingMax?: number;
}

/**
 * Writes to the registry. Each mutation waits until the local copy has caught up, checks,
 * publishes, and waits until the local copy holds the changes. This process runs one mutation at a
 * time, so a check sees every earlier write of this process. If two processes write the same
 * document at the same time, the first record in the topic counts. The other process checks and
 * writes again.
 */
export class RegistryWriter {
  private readonly registry: Registry;
  private readonly gateway: RegistryWriterOptions['gateway'];
  private readonly signer: Signer;
  private readonly timeoutMs: number;
  private readonly waitingMax: number;
  private lastMutation: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor({ registry, gateway, signer, timeoutMs = catchUpMsMax, waitingMax = 1_000 }: RegistryWriterOptions) {
    this.registry = registry;
    this.gateway = gateway;
    this.signer = signer;
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
   * @throws PlatformError `REGISTRY_CONTENDED` if other processes kept writing the same documents.
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

  /**
   * Marks the registry as signed, unless it is marked. From then on a document without a signature
   * never counts.
   * @throws PlatformError `CONFIG_INVALID` if the registry holds documents of another signing key,
   *   or documents without a signature, which may come from a version before signatures. An ingress
   *   that went on would write over them.
   */
  async markSigned(): Promise<void> {
    if (this.registry.isMarkedSigned) return;
    const { unsigned, forged } = this.registry.refusedCounts;
    if (forged > 0) throw signedByAnotherKey(forged);
    if (unsigned > 0)
      throw new PlatformError('CONFIG_INVALID', {
        details: {
          reason:
            `the registry holds ${unsigned} documents without a signature: if they are from a version before signatures, ` +
            'run the ingress once with the argument sign-registry; see docs/operations.md',
        },
      });
    const content = { topic: this.topic, key: signedMarkerKey, value: deletion, sequence: 1 };
    await this.gateway.publisher.publish(signedRecord(content, this.signer));
    await this.registry.caughtUp(this.timeoutMs);
  }

  /**
   * Writes the documents and deletions in force again under these keys, where somebody has written
   * something that does not count, or deleted them. So nobody forgets them. A key that was never in
   * force gets a tombstone.
   * @throws PlatformError as {@link mutate}.
   */
  restore(keys: readonly string[]): Promise<void> {
    const restored = this.lastMutation.then(async () => {
      await this.registry.caughtUp(this.timeoutMs);
      await this.gateway.publisher.publish(keys.map((key) => this.recordInForce(key)));
      await this.registry.caughtUp(this.timeoutMs);
    });
    this.lastMutation = restored.catch(() => undefined);
    return restored;
  }

  private recordInForce(key: string): OutgoingRecord {
    const revision = this.registry.revision(key);
    if (revision === undefined) return { topic: this.topic, key, value: null, headers: {} };
    const value = valueOf(this.registry.get(key));
    const { sequence } = revision;
    const isSame = revisionOf({ sequence, value }).digest === revision.digest;
    return signedRecord({ topic: this.topic, key, value, sequence: isSame ? sequence : sequence + 1 }, this.signer);
  }

  private async checkAndWrite<Checked extends Edit>(check: (registry: Registry) => Checked): Promise<AnswerOf<Checked>> {
    for (let tries = 1; tries <= triesMax; tries++) {
      await this.registry.caughtUp(this.timeoutMs);
      const { changes, answer, within } = check(this.registry);
      const before = new Map(changes.map((change) => [change, this.registry.get(keyOf(change))]));
      let { lost, count, refusal } = await this.write(changes, within);
      if (refusal !== undefined) {
        const counting = changes.filter((change) => !lost.includes(change));
        await this.write(counting.map((change) => before.get(change) ?? { delete: keyOf(change) }));
        throw refusal.error;
      }
      if (lost.length === 0) return answer as AnswerOf<Checked>;
      // Another process wrote all of these documents first: check again what it has written.
      if (lost.length === count) continue;
      // Some changes count already, so a repeated check would refuse them: complete the others.
      for (; tries <= triesMax; tries++) {
        ({ lost } = await this.write(lost));
        if (lost.length === 0) return answer as AnswerOf<Checked>;
      }
    }
    throw new PlatformError('REGISTRY_CONTENDED');
  }

  /**
   * Writes changes with the next sequence numbers. Resolves when the local copy has read them.
   * @param within see {@link Edit}; called at each change of these that comes into force.
   * @returns the changes that do not count, because another process wrote the same document first;
   *   how many were written; and what `within` threw.
   */
  private async write(changes: readonly Change[], within?: Edit['within']): Promise<Written> {
    const written = this.contentsOf(changes);
    if (written.length === 0) return { lost: [], count: 0 };
    const own = new Set(written.map((content) => nameOf(content.key, revisionOf(content))));
    const inForce = new Set<string>();
    let refusal: Written['refusal'];
    const unsubscribe = this.registry.onRevision((key, revision) => {
      const name = nameOf(key, revision);
      if (!own.has(name)) return;
      inForce.add(name);
      try {
        within?.(this.registry);
      } catch (error) {
        refusal = { error };
      }
    });
    try {
      await this.gateway.publisher.publish(written.map((content) => signedRecord(content, this.signer)));
      await this.registry.caughtUp(this.timeoutMs);
    } finally {
      unsubscribe();
    }
    const lost = written.filter((content) => !inForce.has(nameOf(content.key, revisionOf(content)))).map(({ change }) => change);
    return { lost, count: written.length, ...(refusal === undefined ? {} : { refusal }) };
  }

  /** The changes with what to sign, without deletions of documents that do not exist. */
  private contentsOf(changes: readonly Change[]): readonly (SignedContent & { readonly change: Change })[] {
    const contents = new Map<string, SignedContent & { readonly change: Change }>();
    return changes.flatMap((change) => {
      const isDeletion = 'delete' in change;
      const key = keyOf(change);
      const before = contents.get(key);
      if (isDeletion && before === undefined && this.registry.get(key) === undefined) return [];
      const sequence = (before?.sequence ?? this.registry.revision(key)?.sequence ?? 0) + 1;
      const content = { topic: this.topic, key, sequence, value: valueOf(isDeletion ? undefined : change), change };
      contents.set(key, content);
      return [content];
    });
  }

  private get topic(): string {
    return this.gateway.topics.name('registry');
  }
}

/** The error for a registry of which no signature is valid. */
export function signedByAnotherKey(count: number): PlatformError {
  return new PlatformError('CONFIG_INVALID', {
    details: {
      reason:
        `the registry holds ${count} documents that another key has signed, and none of this one: ` +
        'set the SENDOFF_PLATFORM_KEY or SENDOFF_SIGNING_KEY of this installation, or its old public key in SENDOFF_PUBLIC_KEYS',
    },
  });
}

/** Tries of a mutation whose documents other processes write at the same time. */
const triesMax = 5;

/** The result of one write of changes. */
interface Written {
  readonly lost: readonly Change[];
  readonly count: number;
  readonly refusal?: { readonly error: unknown };
}

function keyOf(change: Change): string {
  return 'delete' in change ? change.delete : registryKey(change);
}

/** @param document undefined for a deletion. */
function valueOf(document: RegistryDocument | undefined): Buffer {
  return document === undefined ? deletion : Buffer.from(JSON.stringify(document));
}

function nameOf(key: string, { sequence, digest }: Revision): string {
  return `${key} ${sequence} ${digest}`;
}
