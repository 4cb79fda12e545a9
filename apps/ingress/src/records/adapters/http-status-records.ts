import {
  type InvocationHistory,
  type InvocationSearch,
  type InvocationSearchPage,
  type NoticePage,
  type NoticeQuery,
  PlatformError,
  type StatusPage,
  type StatusQuery,
  type TargetPage,
  type TargetQuery,
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
    return this.ask('query', query);
  }

  async notices(query: NoticeQuery): Promise<NoticePage> {
    return this.ask('notices', query);
  }

  async targets(query: TargetQuery): Promise<TargetPage> {
    return this.ask('targets', query);
  }

  async search(search: InvocationSearch): Promise<InvocationSearchPage> {
    return this.ask('search', search);
  }

  async find(project: string, requestId: string): Promise<InvocationHistory | undefined> {
    const { record, history, expiresAt } = await this.ask<Partial<InvocationHistory>>('find', { project, requestId });
    if (record === undefined || history === undefined) return undefined;
    return { record, history, ...(expiresAt === undefined ? {} : { expiresAt }) };
  }

  private async ask<Answer>(question: string, body: object): Promise<Answer> {
    try {
      const response = await directRequest(`${this.url}/internal/records/${question}`, {
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
