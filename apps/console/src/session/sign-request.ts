/** A request that is about to be signed. */
export interface UnsignedRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ArrayBuffer;
}

const text = new TextEncoder();

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const sha256 = async (data: ArrayBuffer | Uint8Array<ArrayBuffer>) => hex(await crypto.subtle.digest('SHA-256', data));

/** Percent-encodes all characters but the unreserved ones of RFC 3986. */
function encoded(part: string): string {
  return encodeURIComponent(part).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalPath(path: string): string {
  const segments = path.split('/').map((segment) => encoded(decodeURIComponent(segment)));
  return path.endsWith('/') ? segments.join('/') : `${segments.join('/')}/`;
}

/** Sorts by name, then by value, each by code unit; `localeCompare` sorts differently. */
function canonicalQuery(query: URLSearchParams): string {
  const inOrder = ([nameA, valueA]: [string, string], [nameB, valueB]: [string, string]) => {
    const [a, b] = nameA === nameB ? [valueA, valueB] : [nameA, nameB];
    return a < b ? -1 : Number(a > b);
  };
  const pairs = [...query].toSorted(inOrder);
  return pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
}

/** Whether this page may sign: browsers offer WebCrypto only over HTTPS and on localhost. */
export function canSign(): boolean {
  return globalThis.isSecureContext && globalThis.crypto?.subtle !== undefined;
}

/**
 * Signs a request with SDK-HMAC-SHA256, as the official clients do. The secret is not sent.
 * @param now milliseconds since 1970.
 * @returns the headers to add: `x-sdk-date` and `authorization`.
 * @see docs/access.md
 */
export async function signRequest(
  { method, url, headers, body }: UnsignedRequest,
  accessKey: string,
  secretKey: string,
  now: number,
): Promise<Record<string, string>> {
  const date = `${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const signed: Record<string, string> = { ...headers, host: url.host, 'x-sdk-date': date };
  const names = Object.keys(signed).toSorted();
  const canonical = [
    method,
    canonicalPath(url.pathname),
    canonicalQuery(url.searchParams),
    ...names.map((name) => `${name}:${(signed[name] ?? '').trim()}`),
    '',
    names.join(';'),
    await sha256(body),
  ].join('\n');
  const toSign = `SDK-HMAC-SHA256\n${date}\n${await sha256(text.encode(canonical))}`;
  const key = await crypto.subtle.importKey('raw', text.encode(secretKey), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const signature = hex(await crypto.subtle.sign('HMAC', key, text.encode(toSign)));
  return {
    'x-sdk-date': date,
    authorization: `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}
