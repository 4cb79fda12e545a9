import type {
  BacklogReport,
  CallAnswer,
  CallReport,
  CallRequest,
  FunctionLogPage,
  FunctionLogQuery,
  InvocationHistory,
  InvocationSearch,
  InvocationSearchPage,
  LivePage,
  LivePlace,
  LiveQuery,
  LiveTransition,
  LedgerPage,
  MinutesQuery,
  MinuteTally,
  NoticePage,
  NoticeQuery,
  RejectPage,
  RejectQuery,
  QueuePlace,
  QueuePlaceQuery,
  StatusPage,
  StatusQuery,
  TargetPage,
  TargetQuery,
  TotalsQuery,
} from '#contracts';
import type { LiveSources } from '../src/history/live-sources.ts';
import type { ExecutorQueues } from '../src/history/executor-queues.ts';
import type { CallOutcome, FunctionCalls } from '../src/invocations/function-calls.ts';
import type { FunctionLogs } from '../src/functions/logs/function-logs.ts';
import type { StatusRecords } from '../src/records/status-records.ts';

/** A status-logger that gives the answer of a test, and stores the queries. */
export class FakeStatusRecords implements StatusRecords {
  readonly queries: StatusQuery[] = [];
  page: StatusPage = { records: [], count: 0 };
  readonly noticeQueries: NoticeQuery[] = [];
  noticePage: NoticePage = { notices: [], hasMore: false };
  readonly targetQueries: TargetQuery[] = [];
  targetPage: TargetPage = { targets: [], hasMore: false };
  readonly rejectQueries: RejectQuery[] = [];
  rejectPage: RejectPage = { rejects: [], hasMore: false };
  failure: Error | undefined;

  rejects(query: RejectQuery): Promise<RejectPage> {
    this.rejectQueries.push(query);
    return Promise.resolve(this.rejectPage);
  }

  notices(query: NoticeQuery): Promise<NoticePage> {
    this.noticeQueries.push(query);
    return Promise.resolve(this.noticePage);
  }

  targets(query: TargetQuery): Promise<TargetPage> {
    this.targetQueries.push(query);
    return Promise.resolve(this.targetPage);
  }

  query(query: StatusQuery): Promise<StatusPage> {
    this.queries.push(query);
    return this.answer(this.page);
  }

  readonly tallyQueries: (TotalsQuery | MinutesQuery)[] = [];
  ledger: LedgerPage = { functions: [] };
  /** The answer for rejects that name no function. */
  ledgerOfNone: LedgerPage = { functions: [] };
  minuteTallies: readonly MinuteTally[] = [];
  reports: readonly BacklogReport[] = [];

  totals(query: TotalsQuery): Promise<LedgerPage> {
    this.tallyQueries.push(query);
    return this.answer(query.project === '' ? this.ledgerOfNone : this.ledger);
  }

  minutes(query: MinutesQuery): Promise<readonly MinuteTally[]> {
    this.tallyQueries.push(query);
    return this.answer(this.minuteTallies);
  }

  backlogs(query: TotalsQuery): Promise<readonly BacklogReport[]> {
    this.tallyQueries.push(query);
    return this.answer(this.reports);
  }

  private answer<T>(answer: T): Promise<T> {
    return this.failure === undefined ? Promise.resolve(answer) : Promise.reject(this.failure);
  }

  readonly searches: InvocationSearch[] = [];
  found: InvocationSearchPage = { records: [] };

  search(search: InvocationSearch): Promise<InvocationSearchPage> {
    this.searches.push(search);
    return this.failure === undefined ? Promise.resolve(this.found) : Promise.reject(this.failure);
  }

  history: InvocationHistory | undefined;

  find(_project: string, requestId: string): Promise<InvocationHistory | undefined> {
    const isMeant = this.history?.record.requestId === requestId;
    return this.failure === undefined ? Promise.resolve(isMeant ? this.history : undefined) : Promise.reject(this.failure);
  }
}

/** Executors that give the answers of a test, and store the questions. */
export class FakeExecutorQueues implements ExecutorQueues {
  readonly queries: QueuePlaceQuery[] = [];
  places: readonly (QueuePlace | undefined)[] = [];

  ask(query: QueuePlaceQuery): Promise<readonly (QueuePlace | undefined)[]> {
    this.queries.push(query);
    return Promise.resolve(this.places);
  }
}

/** An executor that gives the answer of a test, and stores the calls. */
export class FakeFunctionCalls implements FunctionCalls {
  readonly received: { readonly request: CallRequest; readonly payload: Buffer; readonly signal: AbortSignal }[] = [];
  answer: (request: CallRequest, signal: AbortSignal) => Promise<CallAnswer> = () => Promise.resolve(aCallAnswer());
  /** How a call ends; by default with {@link answer}. */
  outcome: (request: CallRequest, signal: AbortSignal) => Promise<CallOutcome> = async (request, signal) => ({
    kind: 'answered',
    answer: await this.answer(request, signal),
  });

  call(request: CallRequest, payload: Buffer, signal: AbortSignal): Promise<CallOutcome> {
    this.received.push({ request, payload, signal });
    return this.outcome(request, signal);
  }
}

/** Executors that give the answers of a test, and store the questions. */
export class FakeFunctionLogs implements FunctionLogs {
  readonly queries: FunctionLogQuery[] = [];
  pages: readonly (FunctionLogPage | undefined)[] = [{ lines: [] }];

  read(query: FunctionLogQuery): Promise<readonly (FunctionLogPage | undefined)[]> {
    this.queries.push(query);
    return Promise.resolve(this.pages);
  }
}

/** One status-logger that holds the transitions of a test. */
export class FakeLiveSources implements LiveSources {
  held: LiveTransition[] = [];
  process = 'aaaa';
  /** Transitions up to this number are no longer held. */
  lost = 0;

  find(): Promise<readonly string[]> {
    return Promise.resolve(['one']);
  }

  read(_url: string, { process, number = 0 }: LiveQuery): Promise<LivePage> {
    const newest: LivePlace = { process: this.process, number: this.held.at(-1)?.number ?? 0 };
    const isOurs = process === this.process;
    const transitions = isOurs ? this.held.filter((one) => one.number > Math.max(number, this.lost)) : [];
    const isGap = process !== undefined && (!isOurs || number < this.lost);
    return Promise.resolve({ place: newest, transitions, isGap, hasMore: false });
  }
}

/** The answer of a function that returned `{"ok":true}` after 12 ms. */
export function aCallAnswer(report: Partial<CallReport> = {}, payload = '{"ok":true}'): CallAnswer {
  const all = {
    ending: { kind: 'returned' },
    durationMs: 12,
    memoryMb: 128,
    memoryUsedBytes: 3 * 1_048_576,
    log: 'log\n',
    ...report,
  } as const;
  return { report: all, payload: Buffer.from(payload) };
}
