import { sdkDate, signed } from './request-signer.ts';

/** An access key and the address at which it is used. */
export interface ClientKey {
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * Sends a signed request with a body of JSON.
 * @param path below `/v2/p1`.
 * @returns the status and the body as text.
 */
export async function send({ url, ...key }: ClientKey, method: string, path: string, body?: unknown) {
  const segments = ['v2', 'p1', ...path.split('/').filter((part) => part !== '')];
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const unsigned = { host: new URL(url).host, 'content-type': 'application/json' };
  const headers = signed({ method, path: segments, headers: unsigned, ...text }, { ...key, date: sdkDate(Date.now()) });
  const answer = await fetch(`${url}/${segments.join('/')}`, { method, headers, ...text });
  return { status: answer.status, text: await answer.text() };
}
