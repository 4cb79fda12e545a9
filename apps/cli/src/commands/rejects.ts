import { tableLines } from '../print-table.ts';
import { parseWhole, type Session } from '../session.ts';

/** A refused record of the Kafka door. */
interface Reject {
  /** Empty if the record names no function. */
  readonly function_urn: string;
  readonly code: string;
  readonly reason: string;
  readonly rejected_time: string;
  readonly partition: number;
  readonly offset: number;
}

/** Options of `sendoff rejects`. */
export interface RejectOptions {
  readonly function?: string;
  readonly code?: string;
  readonly limit: string;
  /** The marker of the next page. */
  readonly after?: string;
}

/** Lists refused records of the Kafka door. */
export async function listRejects(session: Session, options: RejectOptions): Promise<void> {
  const { function: fn, code, after: marker } = options;
  const limit = parseWhole(options.limit, '--limit');
  const answer = await session.ask<{ rejects: readonly Reject[]; next_marker: string }>({
    path: ['sendoff', 'rejects'],
    query: { function: fn, code, limit, marker },
  });
  session.show(answer, () => rejectLines(answer.rejects, answer.next_marker));
}

function rejectLines(rejects: readonly Reject[], next: string): string[] {
  if (rejects.length === 0) return ['No such record was refused.'];
  const rows = rejects.map((reject) => [
    reject.rejected_time,
    `${reject.partition}/${reject.offset}`,
    reject.function_urn.split(':').slice(-2).join(':'),
    reject.code,
    reject.reason,
  ]);
  const table = tableLines(['REFUSED', 'PARTITION/OFFSET', 'FUNCTION', 'CODE', 'REASON'], rows);
  return next === '' ? table : [...table, `more: --after ${next}`];
}
