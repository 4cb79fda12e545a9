import {
  type BacklogReport,
  type InvocationHistory,
  type InvocationSearch,
  type InvocationSearchPage,
  type LedgerPage,
  type MinutesQuery,
  type MinuteTally,
  type NoticePage,
  type NoticeQuery,
  PlatformError,
  type RejectPage,
  type RejectQuery,
  type StatusPage,
  type StatusQuery,
  type TargetPage,
  type TargetQuery,
  type TotalsQuery,
} from '#contracts';
import { directRequest, internalTokenHeader, type InternalTokens } from '#platform';
import type { StatusRecords } from '../status-records.ts';

const timeoutMs = 5_000;

/** Reads records from the status-logger over HTTP. */
export class HttpStatusRecords implements StatusRecords {
  constructor(
    private readonly url: string,
    private readonly tokens: Pick<InternalTokens, 'tokenFor'>,
  ) {}

  async query(query: StatusQuery): Promise<StatusPage> {
    return this.ask('records/query', query);
  }

  async notices(query: NoticeQuery): Promise<NoticePage> {
    return this.ask('records/notices', query);
  }

  async targets(query: TargetQuery): Promise<TargetPage> {
    return this.ask('records/targets', query);
  }

  async search(search: InvocationSearch): Promise<InvocationSearchPage> {
    return this.ask('records/search', search);
  }

  async find(project: string, requestId: string): Promise<InvocationHistory | undefined> {
    const { record, history, expiresAt } = await this.ask<Partial<InvocationHistory>>('records/find', { project, requestId });
    if (record === undefined || history === undefined) return undefined;
    return { record, history, ...(expiresAt === undefined ? {} : { expiresAt }) };
  }

  async totals(query: TotalsQuery): Promise<LedgerPage> {
    return this.ask('ledger/totals', query);
  }

  async rejects(query: RejectQuery): Promise<RejectPage> {
    return this.ask('ledger/rejects', query);
  }

  async minutes(query: MinutesQuery): Promise<readonly MinuteTally[]> {
    return this.ask('ledger/minutes', query);
  }

  async backlogs(query: TotalsQuery): Promise<readonly BacklogReport[]> {
    return this.ask('ledger/backlogs', query);
  }

  private async ask<Answer>(path: string, body: object): Promise<Answer> {
    try {
      const response = await directRequest(`${this.url}/internal/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [internalTokenHeader]: this.tokens.tokenFor('status-logger') },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.status !== 200) throw new Error(`the status-logger answered ${response.status}`);
      return JSON.parse(response.text) as Answer;
    } catch (cause) {
      throw new PlatformError('STORE_UNAVAILABLE', { cause });
    }
  }
}
