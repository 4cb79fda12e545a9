import { endedStatuses } from '#contracts';
import type { Session } from '../session.ts';
import type { InvocationRecord } from '../commands/records.ts';
import type { Measured } from './verdict.ts';

const pageSize = 500;
const pollMs = 500;

/** The invocations of one run of `verify`. */
export interface Sent {
  readonly fn: string;
  readonly tag: string;
  readonly requestIds: ReadonlySet<string>;
  /** The begin of the run, as the API writes times. */
  readonly beginTime: string;
}

type Outcome = Pick<Measured, 'lost' | 'open' | 'failed' | 'repeats'>;

/** Waits until everything accepted has ended and its notices are over, for `patienceMs` at most. */
export async function awaitOutcome(session: Session, sent: Sent, patienceMs: number): Promise<Outcome> {
  const { now, wait } = session.surroundings;
  const until = now() + patienceMs;
  for (;;) {
    const records = await recordsOf(session, sent);
    const byId = new Map(records.map((record) => [record.request_id, record]));
    const known = [...sent.requestIds].flatMap((id) => byId.get(id) ?? []);
    const lost = [...sent.requestIds].filter((id) => !byId.has(id));
    const open = known.filter(({ status }) => !endedStatuses.has(status));
    const isTold = known.every(({ deliveries }) => deliveries.every(({ state }) => state !== 'pending'));
    if ((lost.length === 0 && open.length === 0 && isTold) || now() > until)
      return {
        lost,
        open: open.map(({ request_id: id }) => id),
        failed: known.filter(({ status }) => status === 'FAIL' || status === 'DISCARD').map(({ request_id: id }) => id),
        repeats: known.reduce((sum, { approximate_invoke_count: count }) => sum + Math.max(0, count - 1), 0),
      };
    await wait(pollMs);
  }
}

async function recordsOf(session: Session, { fn, tag, beginTime }: Sent): Promise<readonly InvocationRecord[]> {
  const records: InvocationRecord[] = [];
  for (;;) {
    const { invocations } = await session.ask<{ invocations: readonly InvocationRecord[] }>({
      path: ['fgs', 'functions', fn, 'async-invocations'],
      query: { tag, query_begin_time: beginTime, limit: pageSize, marker: records.length },
    });
    records.push(...invocations);
    if (invocations.length < pageSize) return records;
  }
}

interface Ledger {
  readonly func_urn: string;
  readonly notices: Measured['notices'];
  readonly unaccounted: {
    readonly is_proven: boolean;
    readonly proven_at?: string;
    readonly invocations: readonly { readonly request_id: string }[];
  };
}

/** Counts the notices of a function since it exists. */
export async function noticesOf(session: Session, fn: string): Promise<Measured['notices']> {
  return (await session.ask<Ledger>({ path: ['sendoff', 'functions', fn, 'ledger'] })).notices;
}

/** Asks for the ledger of the function, compared with the topics after this call. */
export async function awaitLedger(
  session: Session,
  fn: string,
  patienceMs: number,
): Promise<Pick<Measured, 'unaccounted' | 'notices'> & { readonly functionUrn: string }> {
  const { now, wait } = session.surroundings;
  let before: string | undefined;
  for (const until = now() + patienceMs; ; ) {
    const {
      func_urn: functionUrn,
      notices,
      unaccounted,
    } = await session.ask<Ledger>({
      path: ['sendoff', 'functions', fn, 'ledger'],
    });
    const { proven_at: provenAt = '' } = unaccounted;
    // Another comparison than at the first question: clocks of machines differ.
    const isNew = before !== undefined && provenAt !== before;
    before ??= provenAt;
    if (isNew) return { functionUrn, notices, unaccounted: unaccounted.invocations.map(({ request_id: id }) => id) };
    if (now() > until) return { functionUrn, notices, unaccounted: undefined };
    await wait(pollMs);
  }
}

interface Backlogs {
  readonly functions: readonly { readonly func_urn: string; readonly lateness: Measured['lateness'] }[];
  readonly next_marker: string;
}

/** The lateness of a function in the last five minutes and the running one. */
export async function latenessOf(session: Session, functionUrn: string): Promise<Measured['lateness']> {
  for (let marker = ''; ; ) {
    const page = await session.ask<Backlogs>({ path: ['sendoff', 'statistics'], query: { marker: marker || undefined } });
    const found = page.functions.find(({ func_urn: urn }) => urn === functionUrn);
    if (found !== undefined) return found.lateness;
    if (page.next_marker === '') return { starts: 0, average_ms: 0, max_ms: 0 };
    marker = page.next_marker;
  }
}
