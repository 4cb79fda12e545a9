import { endedStatuses } from '#contracts';
import { CommandFailure } from '../command-failure.ts';
import { tableLines } from '../print-table.ts';
import { parseWhole, type Session } from '../session.ts';

/** A record as the API shows it. */
export interface InvocationRecord {
  readonly request_id: string;
  readonly status: string;
  readonly error_message: string;
  readonly error_code: number;
  readonly start_time: string;
  readonly end_time: string;
  readonly approximate_invoke_count: number;
  readonly next_due_time?: string;
  readonly payload_ref?: string;
  readonly response_payload_ref?: string;
  readonly deliveries: readonly { readonly delivery_id: string; readonly state: string; readonly tries: number }[];
}

/** Options of `sendoff records`. */
export interface RecordOptions {
  readonly status?: string;
  readonly request?: string;
  readonly tag?: string;
  readonly limit: string;
  /** Only invocations that wait or run. */
  readonly active?: boolean;
}

/** Sets records in a table, newest first. */
export function recordLines(records: readonly InvocationRecord[]): string[] {
  if (records.length === 0) return ['There is no such invocation in the last hour.'];
  return tableLines(
    ['REQUEST', 'STATUS', 'ATTEMPTS', 'ACCEPTED', 'ENDED', 'DELIVERIES', 'ERROR'],
    records.map((record) => [
      record.request_id,
      record.status,
      record.approximate_invoke_count,
      `${record.start_time}Z`,
      record.end_time === '' ? `due ${record.next_due_time ?? 'now'}` : `${record.end_time}Z`,
      record.deliveries.map(({ delivery_id: id, state }) => `${id} ${state}`).join(', '),
      record.error_message,
    ]),
  );
}

/** Lists records of a function. */
export async function listRecords(session: Session, fn: string, options: RecordOptions): Promise<void> {
  const { status, request, tag, active = false } = options;
  const limit = parseWhole(options.limit, '--limit');
  const answer = await session.ask<{ invocations: readonly InvocationRecord[] }>({
    path: ['fgs', 'functions', fn, active ? 'active-async-invocations' : 'async-invocations'],
    query: { status: status?.toUpperCase(), limit, tag, [active ? 'requests' : 'request_id']: request },
  });
  session.show(answer, () => recordLines(answer.invocations));
}

/**
 * Cancels an invocation that waits or runs.
 * @throws CommandFailure `notFound` if the function has no such invocation; `failed` if it has
 *   ended.
 */
export async function cancel(session: Session, fn: string, requestId: string): Promise<void> {
  const { invocations } = await session.ask<{ invocations: readonly InvocationRecord[] }>({
    path: ['fgs', 'functions', fn, 'async-invocations'],
    query: { request_id: requestId },
  });
  const [found] = invocations;
  if (found === undefined)
    throw new CommandFailure('notFound', `${fn} has no invocation ${requestId}`, `sendoff records ${fn} --active`);
  if (endedStatuses.has(found.status))
    throw new CommandFailure('failed', `${requestId} has ended already: ${found.status}`, `sendoff explain ${requestId}`);
  const changed = await session.change(`cancel ${requestId}`, {
    method: 'POST',
    path: ['fgs', 'functions', fn, 'cancel'],
    body: { request_id: requestId },
  });
  if (changed !== undefined) session.show({ cancelled: requestId }, () => [`${requestId} is cancelled unless it ends first`]);
}
