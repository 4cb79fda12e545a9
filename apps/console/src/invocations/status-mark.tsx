import type { Status } from './queries.ts';

const marks: Readonly<Record<Status, readonly [word: string, look: string]>> = {
  WAIT: ['Waiting', 'waiting'],
  RUNNING: ['Running', 'running'],
  SUCCESS: ['Succeeded', 'good'],
  FAIL: ['Failed', 'bad'],
  DISCARD: ['Discarded', 'off'],
};

/** The state of an invocation, as a word beside a dot. */
export function StatusMark({ of }: { readonly of: Status }) {
  const [word, look] = marks[of] ?? [of, 'off'];
  return <span className={`state state-${look}`}>{word}</span>;
}

/** The words of all states, for a choice. */
export const statusChoices = Object.entries(marks).map(([value, [label]]) => ({ value, label }));
