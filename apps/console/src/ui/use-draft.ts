import { useCallback, useEffect, useSyncExternalStore } from 'react';

/** Text that was typed and not saved, by a name for the form. It outlives the page, not the tab. */
const drafts = new Map<string, unknown>();
const followers = new Set<() => void>();

function put(name: string, value: unknown): void {
  if (value === undefined) drafts.delete(name);
  else drafts.set(name, value);
  for (const follower of followers) follower();
}

function follow(follower: () => void): () => void {
  followers.add(follower);
  return () => void followers.delete(follower);
}

function warnBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

interface Draft<T> {
  /** The typed text; undefined if there is none. */
  readonly value: T | undefined;
  set(value: T): void;
  /** Forgets it: the viewer gave it up. */
  clear(): void;
  /**
   * Forgets a text that was saved. A text that was typed while it was being saved stays.
   * @param rest returns what becomes of that later text; it stays as it is by default.
   */
  saved(text: T | undefined, rest?: (later: T) => T): void;
}

/** Keeps what was typed when the viewer goes to another page, and warns before the tab closes. */
export function useDraft<T>(name: string): Draft<T> {
  const value = useSyncExternalStore(follow, () => drafts.get(name) as T | undefined);
  const isTyped = value !== undefined;
  useEffect(() => {
    if (!isTyped) return;
    addEventListener('beforeunload', warnBeforeLeaving);
    return () => removeEventListener('beforeunload', warnBeforeLeaving);
  }, [isTyped]);
  const set = useCallback((next: T) => put(name, next), [name]);
  const clear = useCallback(() => put(name, undefined), [name]);
  const saved = useCallback(
    (text: T | undefined, rest: (later: T) => T = (later) => later) => {
      const now = drafts.get(name) as T | undefined;
      put(name, now === undefined || now === text ? undefined : rest(now));
    },
    [name],
  );
  return { value, set, clear, saved };
}
