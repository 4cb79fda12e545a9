import { tableLines } from '../print-table.ts';
import { parseWhole, type Session } from '../session.ts';

interface Act {
  readonly time: string;
  readonly by: string;
  readonly act: string;
  readonly object: string;
  readonly outcome: string;
}

/** Options of `sendoff audit`. */
export interface AuditOptions {
  readonly by?: string;
  readonly act?: string;
  readonly object?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly limit: string;
  /** The marker of the next page. */
  readonly after?: string;
}

/** Lists who changed what. */
export async function showAudit(session: Session, options: AuditOptions): Promise<void> {
  const { by, act, object, begin, end, after: marker } = options;
  const limit = parseWhole(options.limit, '--limit');
  const answer = await session.ask<{ entries: readonly Act[]; next_marker: string }>({
    path: ['sendoff', 'audit'],
    query: { by, act, object, begin_time: begin, end_time: end, limit, marker },
  });
  session.show(answer, () => actLines(answer.entries, answer.next_marker));
}

function actLines(acts: readonly Act[], next: string): string[] {
  const rows = acts.map(({ time, by, act, object, outcome }) => [time, by, act, outcome, object]);
  const lines = acts.length === 0 ? ['No act on this page.'] : tableLines(['TIME', 'BY', 'ACT', 'OUTCOME', 'OBJECT'], rows);
  return next === '' ? lines : [...lines, `more: --after ${next}`];
}
