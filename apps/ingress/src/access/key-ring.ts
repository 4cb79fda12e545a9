import { type CredentialDocument, credentialKey, type EpochMs } from '#contracts';
import type { Logger, Sealer } from '#platform';
import type { Registry } from '#registry';
import { type Caller, wholeAccess } from './caller.ts';

/** An access key whose secret lies open. */
export interface OpenKey {
  readonly caller: Caller;
  readonly isEnabled: boolean;
  readonly secret: string;
  /** The secret before the last rotation, good before `endsAt`. */
  readonly previous?: { readonly secret: string; readonly endsAt: EpochMs };
}

/** The access key the configuration brings. */
export interface FirstKey {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly project: string;
}

/** What a key ring works with. */
export interface KeyRingParts {
  readonly registry: Registry;
  readonly sealer: Sealer;
  readonly logger: Logger;
  /** Known without a document, with all rights; no document of the same name counts beside it. */
  readonly first: FirstKey | undefined;
}

/** Secrets that lie open at once. */
const openMax = 10_000;

/** Access keys with their secrets, opened when first asked for and again when the registry changes them. */
export class KeyRing {
  /** Undefined for one whose secret cannot be opened: it is logged once, not at each request that names it. */
  private readonly open = new Map<string, OpenKey | undefined>();
  private readonly first: OpenKey | undefined;

  constructor(private readonly parts: KeyRingParts) {
    const { first, registry } = parts;
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

  /** @returns undefined for an access key nobody has, and for one whose secret cannot be opened, which is logged. */
  find(accessKey: string): OpenKey | undefined {
    if (accessKey === this.firstAccessKey) return this.first;
    const key = credentialKey(accessKey);
    const known = this.open.get(key);
    if (known !== undefined || this.open.has(key)) return known;
    const document = this.parts.registry.credential(accessKey);
    if (document === undefined) return undefined;
    const opened = this.opened(key, document);
    if (this.open.size >= openMax) this.open.clear();
    this.open.set(key, opened);
    return opened;
  }

  private opened(owner: string, document: CredentialDocument): OpenKey | undefined {
    const { accessKey, project, rights, functions, isEnabled, previous } = document;
    const secret = this.unsealed(document.secret, owner);
    if (secret === undefined) return undefined;
    const previousSecret = previous === undefined ? undefined : this.unsealed(previous.secret, owner);
    return {
      caller: { project, rights, functions, accessKey },
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
        'a secret of an access key is of no use: rotate it, or bring the platform key it was sealed under',
      );
      return undefined;
    }
  }
}
