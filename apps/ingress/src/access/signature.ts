/**
 * Request signatures as the clients of the API make them: the text that is signed, and the key that
 * signs it. Pure functions, apart from hashing.
 *
 * The signature covers the request that runs: path and query are parsed as the router parses them.
 * So no request can mean one thing here and another thing there.
 *
 * @see Huawei Cloud API request signing guide; docs/adr/0006
 */
import { hash, hkdfSync } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { hmacSha256 } from '#platform';
import { hasBody } from '../http/slow-bodies.ts';

/** The parts of a request that authentication reads. */
export interface Credentialed {
  readonly method: string;
  /** Path and query, as the client sent them. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * The key that signs. `plain`: the secret itself. `scoped`: a key derived from it for a day, region
 * and service, as gophertelekomcloud does it. `derived`: the same by HKDF, as the official SDKs do
 * it if told to.
 */
export type SignatureScheme = 'plain' | 'scoped' | 'derived';

/** The signature that a request states; its form is valid. */
export interface Signature {
  readonly scheme: SignatureScheme;
  readonly accessKey: string;
  /** `date/region/service`, followed by `/sdk_request` if `scoped`; empty if `plain`. */
  readonly scope: string;
  /** In lower case, in the order of the request. */
  readonly signedHeaders: readonly string[];
  /** `X-Sdk-Date`, as the client sent it. */
  readonly date: string;
  /** 32 bytes. */
  readonly bytes: Buffer;
  /**
   * `X-Sdk-Content-Sha256`: a hash, or `UNSIGNED-PAYLOAD`; undefined if the hash of the payload
   * itself is signed.
   */
  readonly statedHash: string | undefined;
}

/** A valid statement of a signature; the reason why it is malformed; or a request without one. */
export type ReadSignature =
  | { readonly kind: 'signed'; readonly signature: Signature }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'absent' };

/** The largest difference between the clocks of client and server, in milliseconds. */
export const clockSkewMsMax = 15 * 60_000;

const unsignedPayload = 'UNSIGNED-PAYLOAD';
const signedHeadersMax = 64;
const authorizationForm =
  /^(SDK-HMAC-SHA256|V11-HMAC-SHA256) +(Access|Credential)=([^,\s]{1,512}), ?SignedHeaders=([^,\s]{1,4096}), ?Signature=([0-9a-fA-F]{64})$/;
const dateForm = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const algorithms = { plain: 'SDK-HMAC-SHA256', scoped: 'SDK-HMAC-SHA256', derived: 'V11-HMAC-SHA256' } as const;

const malformed = (reason: string): ReadSignature => ({ kind: 'malformed', reason });

/**
 * Splits access key and scope, and tells the scheme. Undefined if the algorithm does not fit the
 * form.
 */
function schemeOf(
  algorithm: string,
  word: string,
  credential: string,
): Pick<Signature, 'scheme' | 'accessKey' | 'scope'> | undefined {
  if (word === 'Access')
    return algorithm === algorithms.plain ? { scheme: 'plain', accessKey: credential, scope: '' } : undefined;
  const [accessKey = '', ...scope] = credential.split('/');
  const isScoped = algorithm === algorithms.scoped;
  if (scope.length !== (isScoped ? 4 : 3) || (isScoped && scope[3] !== 'sdk_request')) return undefined;
  return { scheme: isScoped ? 'scoped' : 'derived', accessKey, scope: scope.join('/') };
}

/** @returns NaN if the text is not a date. */
function instantOf(date: string): number {
  const [, year, month, day, hour, minute, second] = dateForm.exec(date) ?? [];
  return year === undefined ? Number.NaN : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/**
 * Returns why the stated hash may not replace the hash of the payload. The SDKs leave payloads that
 * are not JSON unsigned. Every operation reads its body as JSON, so only an empty one may be.
 */
function hashFault(
  statedHash: string | undefined,
  signedHeaders: readonly string[],
  headers: IncomingHttpHeaders,
): string | undefined {
  if (statedHash === undefined || /^[0-9a-f]{64}$/.test(statedHash)) return undefined;
  if (statedHash !== unsignedPayload) return `X-Sdk-Content-Sha256 must be a SHA-256 in lower-case hex, or ${unsignedPayload}`;
  if (!signedHeaders.includes('x-sdk-content-sha256')) return `${unsignedPayload} must be among the signed headers`;
  const isJson = /json/i.test(headers['content-type'] ?? '');
  return hasBody({ headers }) || isJson
    ? `${unsignedPayload} is not for JSON, which every operation reads: sign the payload, with a content type of JSON`
    : undefined;
}

/** Headers of this API. They change what the request does, so the signature must cover them. */
const ownHeader = /^(?:x-sendoff-|x-cff-|idempotency-key$)/;

/** Returns why the signature leaves too much of the request open. */
function coverFault(signedHeaders: readonly string[], headers: IncomingHttpHeaders): string | undefined {
  const open = Object.keys(headers).find((name) => ownHeader.test(name) && !signedHeaders.includes(name));
  return open === undefined ? undefined : `the header ${open.slice(0, 64)} is not signed: name it in SignedHeaders`;
}

/**
 * Reads the signature of a request, and checks everything that needs neither the secret nor the
 * payload.
 */
export function readSignature({ url, headers }: Credentialed, now: number): ReadSignature {
  const { authorization, 'x-sdk-date': date, 'x-sdk-content-sha256': statedHash } = headers;
  if (authorization === undefined || authorization === '') return { kind: 'absent' };
  if (headers['x-security-token'] !== undefined)
    return malformed('X-Security-Token is not supported, as there are no temporary access keys here: sign with a permanent one');
  const [, algorithm = '', word = '', credential = '', names = '', hex = ''] = authorizationForm.exec(authorization) ?? [];
  const scheme = schemeOf(algorithm, word, credential);
  if (scheme === undefined)
    return malformed(
      'Authorization must be SDK-HMAC-SHA256 Access=<access key>, SignedHeaders=<names>, Signature=<64 hex digits>',
    );
  if (typeof date !== 'string' || !dateForm.test(date)) return malformed('X-Sdk-Date must be YYYYMMDDTHHmmssZ');
  if (!(Math.abs(now - instantOf(date)) <= clockSkewMsMax))
    return malformed(`X-Sdk-Date ${date} is more than 15 minutes from the time here, ${new Date(now).toISOString()}`);
  if (scheme.scheme !== 'plain' && !scheme.scope.startsWith(`${date.slice(0, 8)}/`))
    return malformed('the date of the credential scope is not that of X-Sdk-Date');
  if (!url.startsWith('/')) return malformed('a signed request must ask for a path, not for a whole URL');
  const signedHeaders = names.split(';');
  if (signedHeaders.length > signedHeadersMax) return malformed(`${signedHeadersMax} headers may be signed`);
  const absent = signedHeaders.find((name) => typeof headers[name] !== 'string');
  if (absent !== undefined)
    return malformed(`the signed header ${absent.slice(0, 64)} did not arrive, or not in lower case in SignedHeaders`);
  const stated = statedHash === undefined ? undefined : String(statedHash);
  const fault = hashFault(stated, signedHeaders, headers) ?? coverFault(signedHeaders, headers);
  if (fault !== undefined) return malformed(fault);
  return { kind: 'signed', signature: { ...scheme, signedHeaders, date, bytes: Buffer.from(hex, 'hex'), statedHash: stated } };
}

/** Percent-encodes all characters but the unreserved ones of RFC 3986. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Paths that were signed lately, each with its canonical form. Callers repeat them. */
const knownPaths = new Map<string, string>();
const knownPathsMax = 1_000;
const knownPathLengthMax = 512;

function canonicalPath(path: string): string {
  const known = knownPaths.get(path);
  if (known !== undefined) return known;
  const segments = path.split('/').map((segment) => encoded(segment.includes('%') ? decodeURIComponent(segment) : segment));
  const canonical = path.endsWith('/') ? segments.join('/') : `${segments.join('/')}/`;
  if (path.length <= knownPathLengthMax) {
    if (knownPaths.size >= knownPathsMax) knownPaths.clear();
    knownPaths.set(path, canonical);
  }
  return canonical;
}

/** Sorts by code unit, as the SDKs do; `localeCompare` sorts differently. */
function inOrder(a: readonly [string, string], b: readonly [string, string]): number {
  const [left, right] = a[0] === b[0] ? [a[1], b[1]] : [a[0], b[0]];
  return left < right ? -1 : left > right ? 1 : 0;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return [...new URLSearchParams(query)]
    .toSorted(inOrder)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .join('&');
}

/**
 * Returns the text whose hash is signed. Header values are as they came on the wire, one character
 * per byte.
 * @param payloadHash of the payload as it came, hex.
 * @throws URIError if the path cannot be decoded.
 */
export function canonicalRequest({ method, url, headers }: Credentialed, signature: Signature, payloadHash: string): string {
  const end = url.search(/[?#]/);
  const [path, query] = end === -1 ? [url, ''] : [url.slice(0, end), url.slice(end + 1)];
  let lines = '';
  for (const name of signature.signedHeaders) {
    const value = String(headers[name]).trim();
    lines += `${name}:${signature.scheme === 'scoped' ? value.replaceAll(/\s+/g, ' ') : value}\n`;
  }
  return [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    lines,
    signature.signedHeaders.join(';'),
    signature.statedHash ?? payloadHash,
  ].join('\n');
}

/**
 * Computes the signature of a request under a secret.
 * @param canonicalHash of the {@link canonicalRequest}, hex.
 */
export function expectedSignature({ scheme, accessKey, scope, date }: Signature, secret: string, canonicalHash: string): Buffer {
  switch (scheme) {
    case 'plain':
      return hmacSha256(secret, `${algorithms.plain}\n${date}\n${canonicalHash}`);
    case 'scoped': {
      const key = scope.split('/').reduce<string | Buffer>((key, part) => hmacSha256(key, part), `SDK${secret}`);
      return hmacSha256(key, `${algorithms.scoped}\n${date}\n${scope}\n${canonicalHash}`);
    }
    case 'derived': {
      // The SDKs use the hex text of the derived key as the key, not its bytes.
      const key = Buffer.from(hkdfSync('sha256', secret, accessKey, scope, 32)).toString('hex');
      return hmacSha256(key, `${algorithms.derived}\n${date}\n${scope}\n${canonicalHash}`);
    }
    default:
      return scheme satisfies never;
  }
}

/** Whether the hash of the payload is the one that the request states. */
export function isStatedHash({ statedHash }: Signature, payloadHash: string): boolean {
  return statedHash === undefined || statedHash === unsignedPayload || statedHash === payloadHash;
}

/**
 * Returns the SHA-256 of data in lower-case hex.
 * @param data a string has one character per byte.
 */
export function sha256Hex(data: string | Buffer): string {
  return hash('sha256', typeof data === 'string' ? Buffer.from(data, 'latin1') : data, 'hex');
}
