import { directRequest } from '#platform';

/** A record of an invocation, as the API returns it. */
export interface DemoRecord {
  readonly request_id: string;
  readonly status: string;
  readonly error_message: string;
  readonly approximate_invoke_count: number;
  readonly next_due_time?: string;
  readonly deliveries: readonly { readonly state: string; readonly location?: string; readonly reason?: string }[];
}

/** A minimal client of the API. */
export class DemoClient {
  constructor(
    private readonly url: string,
    readonly project: string,
    private readonly token: string,
  ) {}

  async call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
    const { status, text } = await directRequest(`${this.url}/v2/${this.project}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-auth-token': this.token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** As {@link call}. @throws Error with the response for any status but 2xx. */
  async must<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} failed with status ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  async records(functionName: string): Promise<readonly DemoRecord[]> {
    return (await this.must<{ invocations: DemoRecord[] }>('GET', `/fgs/functions/${functionName}/async-invocations?limit=500`))
      .invocations;
  }
}
