import type { Redrive } from './queries.ts';

/** Names what a redrive does not start, with the count of each reason. */
export function refusalWords(refused: Redrive['refused']): string {
  return refused.map(({ reason, count }) => `${count.toLocaleString()} ${reason}`).join(', ');
}
