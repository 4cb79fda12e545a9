import { tableLines } from '../print-table.ts';
import type { Session } from '../session.ts';

/** Refused records of the Kafka door. */
interface Rejected {
  readonly total: number;
  readonly reasons: Readonly<Record<string, number>>;
}

interface Counts {
  readonly accepted: number;
  readonly settled: number;
  readonly in_flight: number;
  readonly delayed: number;
  readonly queued: number;
  readonly running: number;
  readonly conditions: Readonly<Record<string, number>>;
  readonly notices: { readonly pending: number; readonly undelivered: number };
  readonly rejected: Rejected;
}

interface Unaccounted {
  readonly is_proven: boolean;
  readonly proven_at?: string;
  readonly count: number;
  readonly invocations: readonly { readonly request_id: string; readonly func_urn: string }[];
}

type FunctionCounts = Counts & { readonly func_urn: string };

interface Backlog {
  readonly func_urn: string;
  readonly delayed: number;
  readonly queued: number;
  readonly running: number;
  readonly oldest_age_seconds: number;
  readonly ended_per_minute: number;
  readonly drain_seconds?: number;
  readonly at_risk: number;
  readonly lateness: { readonly average_ms: number; readonly max_ms: number };
}

interface Page<T> {
  readonly functions: readonly T[];
  readonly next_marker: string;
}

/** The package, the name and the version of a URN. */
const shortName = (urn: string) => urn.split(':').slice(5).join(':');

function unaccountedLines({ is_proven: isProven, proven_at: at = '', count, invocations }: Unaccounted): string[] {
  if (!isProven) return ['unaccounted: not known yet; ask again in 15 s'];
  return [
    `unaccounted: ${count}, compared with the topics at ${at}`,
    ...invocations.map(({ request_id: id, func_urn: urn }) => `  ${id}  ${shortName(urn)}`),
  ];
}

function rejectedLines({ total, reasons }: Rejected): string[] {
  if (total === 0) return [];
  const counts = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
  return [`rejected: ${counts.join(', ')}`];
}

const noneRejected: Rejected = { total: 0, reasons: {} };

function noFunctionLines({ total }: Rejected): string[] {
  return total === 0 ? [] : [`  of these without a function: ${total}`];
}

const headings = [
  ...['FUNCTION', 'ACCEPTED', 'SETTLED', 'FAILED', 'IN FLIGHT', 'DELAYED', 'QUEUED', 'RUNNING'],
  ...['NOTICES PENDING', 'UNDELIVERED', 'REJECTED'],
];

function ledgerLines(rows: readonly (readonly [string, Counts])[]): string[] {
  if (rows.length === 0) return ['No function was invoked asynchronously yet.'];
  return tableLines(
    headings,
    rows.map(([name, counts]) => [
      name,
      counts.accepted,
      counts.settled,
      counts.settled - (counts.conditions['Success'] ?? 0),
      counts.in_flight,
      counts.delayed,
      counts.queued,
      counts.running,
      counts.notices.pending,
      counts.notices.undelivered,
      counts.rejected.total,
    ]),
  );
}

/** Reads all pages of functions. */
async function allPages<T, Answer extends Page<T>>(session: Session, path: readonly string[]): Promise<Answer> {
  const functions: T[] = [];
  for (let marker = ''; ; ) {
    const page = await session.ask<Answer>({ path: [...path], query: { limit: 100, marker } });
    functions.push(...page.functions);
    if (page.next_marker === '') return { ...page, functions };
    marker = page.next_marker;
  }
}

/** Shows the ledger of one function, or of all. */
export async function showLedger(session: Session, fn?: string): Promise<void> {
  if (fn !== undefined) {
    const answer = await session.ask<FunctionCounts & { readonly unaccounted: Unaccounted }>({
      path: ['sendoff', 'functions', fn, 'ledger'],
    });
    session.show(answer, () => [
      ...ledgerLines([[fn, answer]]),
      ...rejectedLines(answer.rejected),
      ...unaccountedLines(answer.unaccounted),
    ]);
    return;
  }
  type Answer = Page<FunctionCounts> & {
    readonly unaccounted: Unaccounted;
    readonly no_function?: Pick<Counts, 'rejected'>;
    readonly total?: Counts;
  };
  const answer = await allPages<FunctionCounts, Answer>(session, ['sendoff', 'ledger']);
  const rows = answer.functions.map((one) => [shortName(one.func_urn), one] as const);
  const total = answer.total === undefined ? [] : [['all', answer.total] as const];
  session.show(answer, () => [
    ...ledgerLines(rows.length === 0 ? [] : [...rows, ...total]),
    ...rejectedLines(answer.total?.rejected ?? noneRejected),
    ...noFunctionLines(answer.no_function?.rejected ?? noneRejected),
    ...unaccountedLines(answer.unaccounted),
  ]);
}

/** Shows what waits for each function, and how long it will take. */
export async function showStatistics(session: Session): Promise<void> {
  const answer = await allPages<Backlog, Page<Backlog>>(session, ['sendoff', 'statistics']);
  const duration = (seconds: number | undefined) => (seconds === undefined ? 'nothing ends' : `${Math.round(seconds)} s`);
  session.show(answer, () =>
    answer.functions.length === 0
      ? ['No function was invoked asynchronously yet.']
      : tableLines(
          ['FUNCTION', 'DELAYED', 'QUEUED', 'RUNNING', 'OLDEST', 'ENDED/MIN', 'DRAINED IN', 'AT RISK', 'LATE (AVERAGE)'],
          answer.functions.map((one) => [
            shortName(one.func_urn),
            one.delayed,
            one.queued,
            one.running,
            duration(one.oldest_age_seconds),
            one.ended_per_minute,
            duration(one.drain_seconds),
            one.at_risk,
            `${one.lateness.average_ms} ms`,
          ]),
        ),
  );
}
