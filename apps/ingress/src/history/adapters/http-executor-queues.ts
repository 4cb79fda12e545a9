import { type QueuePlace, queuePlacePath, type QueuePlaceQuery } from '#contracts';
import { directRequest, internalTokenHeader, type InternalTokens } from '#platform';
import type { Executors } from '../../names/executors.ts';
import type { ExecutorQueues } from '../executor-queues.ts';

/** A person waits for the explanation. */
const timeoutMs = 2_000;
const executorsMax = 100;

/** Asks every executor over HTTP, all at once. */
export class HttpExecutorQueues implements ExecutorQueues {
  constructor(
    private readonly executors: Pick<Executors, 'all'>,
    private readonly tokens: Pick<InternalTokens, 'tokenFor'>,
  ) {}

  async ask(query: QueuePlaceQuery): Promise<readonly (QueuePlace | undefined)[]> {
    const urls = this.executors.all().slice(0, executorsMax);
    return Promise.all(urls.map(async (url) => this.askOne(url, query).catch(() => undefined)));
  }

  private async askOne(url: string, query: QueuePlaceQuery): Promise<QueuePlace> {
    const { status, text } = await directRequest(new URL(queuePlacePath, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', [internalTokenHeader]: this.tokens.tokenFor('executor') },
      body: JSON.stringify(query),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (status !== 200) throw new Error(`an executor answered ${status}`);
    return JSON.parse(text) as QueuePlace;
  }
}
