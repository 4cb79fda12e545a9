import type { IncomingHttpHeaders } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { openDirectRequest, textOf } from '#platform/basics';
import { failureOf } from './api-refusal.ts';
import { CommandFailure } from './command-failure.ts';
import type { Context } from './contexts.ts';
import { signRequest } from './sign-request.ts';

/** One request to the API of an installation. */
export interface ApiRequest {
  /** Default `GET`. */
  readonly method?: string;
  /** Below `/v2/<project>/`, or below the address if `isGlobal`. Each part is encoded. */
  readonly path: readonly string[];
  readonly isGlobal?: boolean;
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** An answer of the API. */
export interface ApiAnswer<T> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: T;
}

const answerMsMax = 100_000;
/** A stream that is silent for so long is broken: a comment comes every 15 s. */
const silenceMsMax = 45_000;
/** Characters of one event. */
const eventLengthMax = 1_000_000;

/** Sends requests to the public API, as any client does. */
export class ApiClient {
  constructor(
    private readonly context: Context,
    private readonly now: () => number,
    private readonly interrupted: AbortSignal,
  ) {}

  /**
   * Sends a request with the credentials of the context.
   * @throws CommandFailure for any status but 2xx, and if there is no whole answer.
   */
  async call<T>(request: ApiRequest): Promise<ApiAnswer<T>> {
    const { status, headers, text } = await this.send(request);
    const body = this.parsed(text, status);
    if (status >= 200 && status < 300) return { status, headers, body: body as T };
    throw failureOf({ status, headers, body, path: request.path });
  }

  /**
   * The events of a stream of server-sent events, as they come. Ends when the server ends it.
   * @throws CommandFailure for any status but 2xx, and if the stream breaks.
   */
  async *events(request: ApiRequest): AsyncGenerator<EventSourceMessage> {
    try {
      const headers = { accept: 'text/event-stream', ...request.headers };
      const response = await this.open({ ...request, headers }, [this.interrupted]);
      const { statusCode: status = 0 } = response;
      if (status < 200 || status >= 300) {
        const body = this.parsed(await textOf(response), status);
        throw failureOf({ status, headers: response.headers, body, path: request.path });
      }
      response.setTimeout(silenceMsMax, () => response.destroy(new Error(`silent for ${silenceMsMax / 1_000} s`)));
      const events: EventSourceMessage[] = [];
      const parser = createParser({
        maxBufferSize: eventLengthMax,
        onEvent: (event) => void events.push(event),
        onError: (error) => void response.destroy(error),
      });
      for await (const text of response.setEncoding('utf8') as AsyncIterable<string>) {
        parser.feed(text);
        yield* events.splice(0);
      }
    } catch (error) {
      this.unanswered(error);
    }
  }

  private async send(request: ApiRequest) {
    try {
      const response = await this.open(request, [this.interrupted, AbortSignal.timeout(answerMsMax)]);
      return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response) };
    } catch (error) {
      return this.unanswered(error);
    }
  }

  private async open(
    { method = 'GET', path, isGlobal = false, query = {}, headers = {}, body }: ApiRequest,
    ends: AbortSignal[],
  ) {
    const parts = isGlobal ? path : ['v2', this.context.projectId, ...path];
    const url = new URL(parts.map(encodeURIComponent).join('/'), this.base());
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
    const text = body === undefined ? '' : JSON.stringify(body);
    const request = { method, url, headers: { 'content-type': 'application/json', ...headers }, body: text };
    return openDirectRequest(url, { method, headers: this.authorised(request), body: text, signal: AbortSignal.any(ends) });
  }

  private base(): URL {
    const { url } = this.context;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new CommandFailure('usage', `${url} is not an http or https address`, 'sendoff login --url <address>');
    return new URL(url.endsWith('/') ? url : `${url}/`);
  }

  private authorised(request: Parameters<typeof signRequest>[0]): Record<string, string> {
    const { token, accessKey, secretKey } = this.context;
    if (token !== undefined) return { ...request.headers, 'x-auth-token': token };
    if (accessKey === undefined || secretKey === undefined)
      throw new CommandFailure('noAccess', 'the context has neither a token nor an access key', 'sendoff login');
    return signRequest(request, accessKey, secretKey, this.now());
  }

  private parsed(text: string, status: number): unknown {
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw new CommandFailure('failed', `${this.context.url} answered with status ${status} and no JSON: is it Sendoff?`);
    }
  }

  private unanswered(error: unknown): never {
    if (this.interrupted.aborted) throw new CommandFailure('interrupted', 'interrupted');
    if (error instanceof CommandFailure) throw error;
    const { name, code, message } = error as NodeJS.ErrnoException;
    const reason = name === 'TimeoutError' ? `no answer in ${answerMsMax / 1_000} s` : (code ?? message);
    throw new CommandFailure(
      'unavailable',
      `${this.context.url} does not answer: ${reason}`,
      'npm start, or sendoff contexts list',
    );
  }
}
