/** The API of a container, with its token. */
export class ApiClient {
  constructor(
    private readonly apiUrl: string,
    private readonly token: string,
  ) {}

  /**
   * @param path below `/v2/{project}`.
   * @returns the answer, `{}` if it has no body.
   * @throws Error with the status and the message of Sendoff if the answer is not 2xx.
   */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const response = await fetch(`${this.apiUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-auth-token': this.token, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Sendoff answered ${response.status} to ${method} ${path}: ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  }
}
