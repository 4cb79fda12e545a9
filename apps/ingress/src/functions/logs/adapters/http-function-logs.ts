import { functionLogPath, type FunctionLogPage, type FunctionLogQuery } from '#contracts';
import { directRequest, internalTokenHeader, type InternalTokens } from '#platform';
import type { Executors } from '../../../names/executors.ts';
import type { FunctionLogs } from '../function-logs.ts';

const timeoutMs = 5_000;

/** Asks every executor over HTTP, all at once. */
export class HttpFunctionLogs implements FunctionLogs {
  constructor(
    private readonly executors: Pick<Executors, 'all'>,
    private readonly tokens: Pick<InternalTokens, 'tokenFor'>,
  ) {}

  async read(query: FunctionLogQuery): Promise<readonly (FunctionLogPage | undefined)[]> {
    return Promise.all(this.executors.all().map(async (url) => this.ask(url, query).catch(() => undefined)));
  }

  private async ask(url: string, query: FunctionLogQuery): Promise<FunctionLogPage> {
    const { status, text } = await directRequest(new URL(functionLogPath, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', [internalTokenHeader]: this.tokens.tokenFor('executor') },
      body: JSON.stringify(query),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (status !== 200) throw new Error(`an executor answered ${status}`);
    return JSON.parse(text) as FunctionLogPage;
  }
}
