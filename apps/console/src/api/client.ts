import createClient, { type Client } from 'openapi-fetch';
import type { Credentials, Session } from '../session/session.ts';
import { signRequest } from '../session/sign-request.ts';
import { nowMs } from './now.ts';
import { ApiProblem, asProblem, problemOf } from './problem.ts';
import type { paths } from './schema.ts';

/** The longest wait for an answer. A synchronous call of a function may take 90 s. */
const answerMsMax = 100_000;

/** Headers that the API requires to be signed, besides the content type. */
const signedHeader = /^(?:content-type|x-sendoff-.*|x-cff-.*|idempotency-key)$/;

async function credentialHeaders(request: Request, credentials: Credentials): Promise<Record<string, string>> {
  if (credentials.kind === 'token') return { 'x-auth-token': credentials.token };
  const headers = Object.fromEntries([...request.headers].filter(([name]) => signedHeader.test(name)));
  const unsigned = {
    method: request.method,
    url: new URL(request.url),
    headers,
    body: await request.clone().arrayBuffer(),
  };
  return signRequest(unsigned, credentials.accessKey, credentials.secretKey, nowMs());
}

/** Sends requests with credentials. Rejects with an {@link ApiProblem} if no answer came. */
function fetchWith(credentials: Credentials): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      const added = await credentialHeaders(request, credentials);
      for (const [name, value] of Object.entries(added)) request.headers.set(name, value);
      return await fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(answerMsMax)]) });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw asProblem(error);
    }
  };
}

/** The API of this installation, with the credentials of a session. */
export interface Api {
  readonly client: Client<paths>;
  readonly project: string;
  /** For requests that the document does not describe as JSON. `path` follows the project. */
  send(
    method: string,
    path: string,
    init?: { body?: string; headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response>;
}

/** Makes the client of a session. */
export function apiOf({ credentials, project }: Session): Api {
  const fetchApi = fetchWith(credentials);
  const client = createClient<paths>({ baseUrl: location.origin, fetch: fetchApi });
  return {
    client,
    project,
    async send(method, path, init = {}) {
      const url = `${location.origin}/v2/${encodeURIComponent(project)}${path}`;
      return fetchApi(new Request(url, { method, ...init }));
    },
  };
}

/** The result of a call of `openapi-fetch`. */
interface CallResult<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/**
 * Returns the body of a good answer.
 * @throws ApiProblem for any other answer.
 */
export async function answerOf<T>(call: Promise<CallResult<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw problemOf(response, error);
  return data as T;
}

/**
 * Finds the project of credentials.
 * @throws ApiProblem if the API does not know them.
 */
export async function projectOf(credentials: Credentials): Promise<string> {
  const { client } = apiOf({ credentials, project: '' });
  const { projects } = await answerOf(client.GET('/v3/projects'));
  const id = projects?.[0]?.id;
  if (id === undefined) throw new ApiProblem('forbidden', 'These credentials belong to no project.');
  return id;
}
