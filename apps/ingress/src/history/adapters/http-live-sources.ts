import { type LivePage, type LiveQuery, liveTransitionsPath } from '#contracts';
import type { GroupMembers } from '#kafka';
import { directRequest, internalTokenHeader, type InternalTokens } from '#platform';
import type { LiveSources } from '../live-sources.ts';

/** Parts of {@link HttpLiveSources}. */
export interface HttpLiveSourcesParts {
  /** Asks for the members of the group of status-loggers; undefined while it changes. */
  readonly ask: () => Promise<GroupMembers | undefined>;
  /** Asked if no member tells its address. */
  readonly fallbackUrl: string;
  readonly tokens: Pick<InternalTokens, 'tokenFor'>;
}

const timeoutMs = 2_000;
const loggersMax = 16;

/** Finds the status-loggers by the members of their group, and asks them over HTTP. */
export class HttpLiveSources implements LiveSources {
  private urls: readonly string[] = [];

  constructor(private readonly parts: HttpLiveSourcesParts) {}

  async find(): Promise<readonly string[]> {
    const { ask, fallbackUrl } = this.parts;
    // While the group changes, those that were found last are asked.
    const group = await ask().catch(() => undefined);
    if (group !== undefined)
      this.urls = group.members.flatMap(({ url }) => (url === undefined ? [] : [url])).slice(0, loggersMax);
    return this.urls.length === 0 ? [fallbackUrl] : this.urls;
  }

  async read(url: string, query: LiveQuery): Promise<LivePage> {
    const { status, text } = await directRequest(new URL(liveTransitionsPath, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', [internalTokenHeader]: this.parts.tokens.tokenFor('status-logger') },
      body: JSON.stringify(query),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (status !== 200) throw new Error(`a status-logger answered ${status}`);
    return JSON.parse(text) as LivePage;
  }
}
