import { createHash, createHmac } from 'node:crypto';

/** A request to be signed, as a client sees it: nothing encoded yet. */
export interface PlainRequest {
  readonly method: string;
  /** Segments of the path, not encoded. */
  readonly path: readonly string[];
  /** Name and value pairs, not encoded. */
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** With what, and when, a request is signed. */
export interface SigningKey {
  readonly accessKey: string;
  readonly secretKey: string;
  /** `YYYYMMDDTHHmmssZ`. */
  readonly date: string;
}

const unreserved = /[A-Za-z0-9\-._~]/;
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmacHex = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');

/** Percent-encodes byte by byte, as the guide says it. */
export function percentEncoded(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return byte < 128 && unreserved.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** The canonical request of the signing guide, over all headers given. */
export function canonicalText({ method, path, query = [], headers, body = '' }: PlainRequest): string {
  const names = Object.keys(headers).sort();
  const byNameThenValue = (a: readonly [string, string], b: readonly [string, string]) => {
    const [left, right] = a[0] === b[0] ? [a[1], b[1]] : [a[0], b[0]];
    return left < right ? -1 : Number(left > right);
  };
  return [
    method,
    `/${path.map((segment) => `${percentEncoded(segment)}/`).join('')}`,
    [...query]
      .sort(byNameThenValue)
      .map((pair) => pair.map(percentEncoded).join('='))
      .join('&'),
    ...names.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    names.join(';'),
    headers['x-sdk-content-sha256'] ?? sha256(body),
  ].join('\n');
}

/**
 * The headers of a signed request: those given, `x-sdk-date` and `authorization`. Written from the
 * guide, not from what verifies it.
 */
export function signed(request: PlainRequest, { accessKey, secretKey, date }: SigningKey): Record<string, string> {
  const headers = { ...request.headers, 'x-sdk-date': date };
  const text = `SDK-HMAC-SHA256\n${date}\n${sha256(canonicalText({ ...request, headers }))}`;
  const names = Object.keys(headers).sort().join(';');
  const authorization = `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${names}, Signature=${hmacHex(secretKey, text)}`;
  return { ...headers, authorization };
}

/** An instant as `X-Sdk-Date` has it. */
export function sdkDate(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
