import { Inject } from '@nestjs/common';
import { credentialKey } from '#contracts';
import { Registry } from '#registry';
import { KeyRing } from './key-ring.ts';

/** Ends work that an access key began, once the key is disabled or deleted. */
export class EndedKeys {
  private readonly watched = new Map<string, Set<() => void>>();

  constructor(
    @Inject(Registry) registry: Registry,
    @Inject(KeyRing) private readonly keys: KeyRing,
  ) {
    registry.onChange(({ key, after }) => {
      if (after?.kind === 'credential' && after.isEnabled) return;
      for (const end of this.watched.get(key) ?? []) end();
    });
  }

  /**
   * Calls `end` when the access key is disabled or deleted, also if that happened since the request
   * began.
   * @param accessKey undefined for the token, which only a new configuration changes.
   * @returns a function that stops watching.
   */
  watch(accessKey: string | undefined, end: () => void): () => void {
    if (accessKey === undefined) return () => undefined;
    const key = credentialKey(accessKey);
    const ends = this.watched.get(key) ?? new Set();
    this.watched.set(key, ends.add(end));
    if (this.keys.find(accessKey)?.isEnabled !== true) end();
    return () => {
      ends.delete(end);
      if (ends.size === 0) this.watched.delete(key);
    };
  }
}
