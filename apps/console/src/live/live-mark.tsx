import type { LiveState } from './follow-events.ts';

const marks: Readonly<Record<LiveState, readonly [word: string, look: string]>> = {
  connecting: ['Connecting', 'waiting'],
  live: ['Live', 'good'],
  away: ['Not live; asks every few seconds', 'off'],
};

/** Whether the page follows what happens. */
export function LiveMark({ of }: { readonly of: LiveState }) {
  const [word, look] = marks[of];
  return (
    <span className={`state state-${look}`} role="status">
      {word}
    </span>
  );
}
