import { LRUCache } from 'lru-cache';
import { type CredentialDocument, credentialKey, type EpochMs } from '#contracts';
import { accessOf } from '#lifecycle';
import type { Logger, Sealer } from '#platform';
import type { Registry } from '#registry';
import { type Caller, wholeAccess } from './caller.ts';

/** An access key with its decrypted secret. */
export interface OpenKey {
  readonly caller: Caller;
  readonly isEnabled: boolean;
  readonly secret: string;
  /** The secret before the last rotation, good before `endsAt`. */
  readonly previous?: { readonly secret: string; readonly endsAt: EpochMs };
}

/** The access key of the configuration. */
export interface FirstKey {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly project: string;
}

/** Dependencies of a {@link KeyRing}. */
export interface KeyRingParts {
  readonly registry: Registry;
  readonly sealer: Sealer;
  readonly logger: Logger;
  /** Has all rights and needs no document. A document of the same name is ignored. */
  readonly first: FirstKey | undefined;
}

/** Decrypted secrets kept in memory at once. */
const openMax = 10_000;

/**
 * Access keys with their secrets. A secret is decrypted on the first request and again after the
 * registry changed it.
 */
export class KeyRing {
  /**
   * `undecryptable` marks a key whose secret cannot be decrypted: that is logged once, not on each
   * request.
   */
  private readonly open: LRUCache<string, OpenKey | 'undecryptable'>;
  private readonly first: OpenKey | undefined;

  /** @param max Secrets kept at once; the one used least recently is forgotten first. */
  constructor(
    private readonly parts: KeyRingParts,
    max: number = openMax,
  ) {
    const { first, registry } = parts;
    this.open = new LRUCache({ max });
    if (first !== undefined)
      this.first = {
        caller: { project: first.project, ...wholeAccess, accessKey: first.accessKey },
        isEnabled: true,
        secret: first.secretKey,
      };
    registry.onChange(({ key }) => this.open.delete(key));
  }

  /** The access key of the configuration; undefined if it has none. */
  get firstAccessKey(): string | undefined {
    return this.parts.first?.accessKey;
  }

  /**
   * @returns undefined if the access key is unknown, or if its secret cannot be decrypted, which is
   *   logged once.
   */
  find(accessKey: string): OpenKey | undefined {
    if (accessKey === this.firstAccessKey) return this.first;
    const key = credentialKey(accessKey);
    const known = this.open.get(key);
    if (known !== undefined) return known === 'undecryptable' ? undefined : known;
    const document = this.parts.registry.credential(accessKey);
    if (document === undefined) return undefined;
    const opened = this.opened(key, document);
    this.open.set(key, opened ?? 'undecryptable');
    return opened;
  }

  private opened(owner: string, document: CredentialDocument): OpenKey | undefined {
    const { accessKey, project, isEnabled, previous } = document;
    const secret = this.unsealed(document.secret, owner);
    if (secret === undefined) return undefined;
    const previousSecret = previous === undefined ? undefined : this.unsealed(previous.secret, owner);
    return {
      caller: { project, ...accessOf(document), accessKey },
      isEnabled,
      secret,
      ...(previous === undefined || previousSecret === undefined
        ? {}
        : { previous: { secret: previousSecret, endsAt: previous.endsAt } }),
    };
  }

  private unsealed(sealed: string, owner: string): string | undefined {
    try {
      return this.parts.sealer.open(sealed, owner);
    } catch (error) {
      this.parts.logger.error(
        { err: error, owner },
        'the secret of an access key cannot be decrypted: rotate it, or configure the platform key that sealed it',
      );
      return undefined;
    }
  }
}
