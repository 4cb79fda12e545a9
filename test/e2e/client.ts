import { eventually } from '#testing';

/** A record as `async-invocations` answers it. */
export interface RecordAnswer {
  readonly request_id: string;
  readonly status: string;
  readonly error_code: number;
  readonly error_message: string;
  readonly start_time: string;
  readonly end_time: string;
  readonly approximate_invoke_count: number;
  readonly deliveries: readonly {
    readonly delivery_id: string;
    readonly state: string;
    readonly tries: number;
    readonly reason?: string;
    readonly location?: string;
  }[];
}

/** An HTTP answer, read. */
export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

const ended = new Set(['SUCCESS', 'FAIL', 'DISCARD']);

/** Calls the API with fetch, as a user's script would. */
export class Client {
  constructor(
    readonly url: string,
    readonly project: string,
    private readonly token: string,
  ) {}

  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    signal: AbortSignal | null = null,
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.url}/v2/${this.project}${path}`, {
      method,
      signal,
      headers: { 'content-type': 'application/json', 'x-auth-token': this.token, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? {} : JSON.parse(text)) as T };
  }

  /** As `call`, but anything other than 2xx is thrown. */
  async must<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Makes an inline Node.js function. @returns its URN, eight fields. */
  async createFunction(name: string, source: string, more: Record<string, unknown> = {}): Promise<string> {
    const body = await this.must<{ func_urn: string }>('POST', '/fgs/functions', {
      func_name: name,
      package: 'default',
      runtime: 'Node.js20.15',
      handler: 'index.handler',
      timeout: 5,
      memory_size: 128,
      code_type: 'inline',
      func_code: { file: Buffer.from(source).toString('base64') },
      xrole: 'everything',
      ...more,
    });
    return body.func_urn;
  }

  /** Makes a function that is an HTTP server of the test. */
  async createHttpFunction(name: string, url: string, more: Record<string, unknown> = {}): Promise<void> {
    await this.must('POST', '/fgs/functions', {
      ...{ func_name: name, package: 'default', runtime: 'http', handler: '-', timeout: 5, memory_size: 128 },
      ...{ code_type: 'inline', code_url: url, xrole: 'everything', ...more },
    });
  }

  /** An agency that grants everything, for functions made by `createFunction`. */
  async grantEverything(): Promise<void> {
    await this.must('PUT', '/sendoff/agencies/everything', {
      grants: ['OBS', 'DIS', 'SMN', 'FunctionGraph'].map((type) => ({ type, resource: '*' })),
    });
  }

  async setPolicy(functionName: string, policy: Record<string, unknown>): Promise<void> {
    await this.must('PUT', `/fgs/functions/${functionName}/async-invoke-config`, policy);
  }

  /** @returns the request id. */
  async invoke(functionName: string, event: unknown = {}): Promise<string> {
    const answer = await this.call<{ request_id: string }>('POST', `/fgs/functions/${functionName}/invocations-async`, event);
    if (answer.status !== 202) throw new Error(`not accepted: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.request_id;
  }

  async records(functionName: string, query = ''): Promise<readonly RecordAnswer[]> {
    const page = await this.must<{ invocations: RecordAnswer[] }>(
      'GET',
      `/fgs/functions/${functionName}/async-invocations?limit=500${query}`,
    );
    return page.invocations;
  }

  /** How many records of a function have a status. */
  async countOf(functionName: string, status: string): Promise<number> {
    const path = `/fgs/functions/${functionName}/async-invocations?limit=1&status=${status}`;
    return (await this.must<{ count: number }>('GET', path)).count;
  }

  async record(functionName: string, requestId: string): Promise<RecordAnswer | undefined> {
    return (await this.records(functionName, `&request_id=${requestId}`))[0];
  }

  /** Waits until the invocation has ended. */
  async ended(functionName: string, requestId: string, deadlineMs = 45_000): Promise<RecordAnswer> {
    return eventually(
      async () => {
        const record = await this.record(functionName, requestId);
        return record !== undefined && ended.has(record.status) ? record : undefined;
      },
      { deadlineMs, pauseMs: 100 },
    );
  }

  /** Waits until every delivery of an ended invocation has ended, at least one. */
  async delivered(functionName: string, requestId: string, deadlineMs = 45_000): Promise<RecordAnswer> {
    return eventually(
      async () => {
        const record = await this.record(functionName, requestId);
        const isOver =
          record !== undefined && record.deliveries.length > 0 && record.deliveries.every(({ state }) => state !== 'pending');
        return isOver ? record : undefined;
      },
      { deadlineMs, pauseMs: 100 },
    );
  }
}

/** A destination side of a policy: `param` is JSON in a string. */
export function destination(type: string, param: Record<string, unknown>): { destination: string; param: string } {
  return { destination: type, param: JSON.stringify(param) };
}
