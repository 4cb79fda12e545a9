import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** Agents of their own: with NODE_USE_ENV_PROXY, fetch and the shared agents pass a proxy. */
const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
const answerBytesMax = 64 * 1_048_576;

/** A request to an address of the installation. */
export interface DirectRequest {
  /** Default `GET`. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Status, headers and text of an answer. */
export interface DirectAnswer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Sends a request that passes no proxy, whatever the environment says. Requests between the parts
 * of an installation carry tokens, which no proxy may see.
 * @returns the answer at its head. The caller reads or destroys its body.
 */
export async function openDirectRequest(url: string | URL, request: DirectRequest = {}): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body = '', signal } = request;
  const isHttps = new URL(url).protocol === 'https:';
  const options = {
    method,
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    agent: isHttps ? agents.https : agents.http,
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    const sent = isHttps ? httpsRequest(url, options, resolve) : httpRequest(url, options, resolve);
    sent.once('error', reject).end(body);
  });
}

/**
 * Reads the body of an answer as text.
 * @throws Error if it breaks off, or if it is larger than 64 MiB.
 */
export async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error(`the answer is larger than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/**
 * As {@link openDirectRequest}, and reads the answer.
 * @throws Error if there is no whole answer, or if it is larger than 64 MiB.
 */
export async function directRequest(url: string | URL, request: DirectRequest = {}): Promise<DirectAnswer> {
  const response = await openDirectRequest(url, request);
  return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response) };
}
