import { createHash, createHmac } from 'node:crypto';

/** A request to be signed. */
export interface UnsignedRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty if there is none. */
  readonly body: string;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Percent-encodes all characters but the unreserved ones of RFC 3986. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Sorts by name, then by value, each by code unit; `localeCompare` sorts differently. */
function canonicalQuery(query: URLSearchParams): string {
  const inOrder = ([nameA, valueA]: string[], [nameB, valueB]: string[]) => {
    const [a = '', b = ''] = nameA === nameB ? [valueA, valueB] : [nameA, nameB];
    return a < b ? -1 : Number(a > b);
  };
  return [...query]
    .toSorted(inOrder)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .join('&');
}

/**
 * Signs a request with SDK-HMAC-SHA256, as the official clients do.
 * @param now milliseconds since 1970.
 * @returns the headers given, `x-sdk-date` and `authorization`.
 * @see Huawei Cloud API request signing guide
 */
export function signRequest(request: UnsignedRequest, accessKey: string, secretKey: string, now: number): Record<string, string> {
  const date = `${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const headers: Record<string, string> = { ...request.headers, host: request.url.host, 'x-sdk-date': date };
  const names = Object.keys(headers).toSorted();
  const segments = request.url.pathname.split('/').map((segment) => encoded(decodeURIComponent(segment)));
  const path = segments.join('/');
  const canonical = [
    request.method,
    path.endsWith('/') ? path : `${path}/`,
    canonicalQuery(request.url.searchParams),
    ...names.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    names.join(';'),
    sha256(request.body),
  ].join('\n');
  const signature = createHmac('sha256', secretKey)
    .update(`SDK-HMAC-SHA256\n${date}\n${sha256(canonical)}`)
    .digest('hex');
  const { host: _host, ...sent } = headers;
  return {
    ...sent,
    authorization: `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}
