import { useCallback, useEffect, useState } from 'react';

/** Text that was typed and not saved, by a name for the form. It outlives the page, not the tab. */
const drafts = new Map<string, unknown>();

function warnBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

interface Draft<T> {
  /** The typed text; undefined if there is none. */
  readonly value: T | undefined;
  set(value: T): void;
  /** Forgets it: it was saved, or the viewer gave it up. */
  clear(): void;
}

/** Keeps what was typed when the viewer goes to another page, and warns before the tab closes. */
export function useDraft<T>(name: string): Draft<T> {
  const [value, setValue] = useState(() => drafts.get(name) as T | undefined);
  useEffect(() => {
    if (value === undefined) return;
    addEventListener('beforeunload', warnBeforeLeaving);
    return () => removeEventListener('beforeunload', warnBeforeLeaving);
  }, [value]);
  const set = useCallback(
    (next: T) => {
      drafts.set(name, next);
      setValue(next);
    },
    [name],
  );
  const clear = useCallback(() => {
    drafts.delete(name);
    setValue(undefined);
  }, [name]);
  return { value, set, clear };
}
