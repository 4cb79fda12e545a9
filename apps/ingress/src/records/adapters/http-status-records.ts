import { PlatformError, type StatusPage, type StatusQuery } from '#contracts';
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
    try {
      const response = await directRequest(`${this.url}/internal/records/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [internalTokenHeader]: this.tokens.tokenFor('status-logger') },
        body: JSON.stringify(query),
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.status !== 200) throw new Error(`the status-logger answered ${response.status}`);
      return JSON.parse(response.text) as StatusPage;
    } catch (cause) {
      throw new PlatformError('STORE_UNAVAILABLE', { cause });
    }
  }
}
