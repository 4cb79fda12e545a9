/**
 * Goal: the signatures computed here are those of the clients, for any path, query, header and
 * body. Method: vectors recomputed with sha256sum and openssl, the derived signer of the official
 * SDK, and a signer of the tests' own.
 */
import { createHmac } from 'node:crypto';
import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js';
import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core/auth/BasicCredentials.js';
import { DerivedAKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/DerivedAKSKSigner.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, sdkDate, signed } from '../../../../test/request-signer.ts';
import {
  canonicalRequest,
  type Credentialed,
  clockSkewMsMax,
  readSignature,
  expectedSignature,
  sha256Hex,
  type Signature,
} from './signature.ts';

const date = '20261123T120000Z';
const now = Date.parse('2026-11-23T12:00:00Z');
const invocation = '/v2/p1/fgs/functions/urn:fss:r:p1:function:default:hello:!prod/invocations-async';
const authorization = (signature: string, more = 'Access=AKTEST', algorithm = 'SDK-HMAC-SHA256') =>
  `${algorithm} ${more}, SignedHeaders=content-type;host;x-project-id;x-sdk-date, Signature=${signature}`;
const aRequest = (more: Partial<Credentialed> = {}, headers: Record<string, string | undefined> = {}): Credentialed => ({
  method: 'POST',
  url: invocation,
  ...more,
  headers: {
    'content-type': 'application/json',
    host: '127.0.0.1:8080',
    'x-project-id': 'p1',
    'x-sdk-date': date,
    authorization: authorization('0'.repeat(64)),
    ...headers,
  },
});

function signatureOf(request: Credentialed): Signature {
  const read = readSignature(request, now);
  if (read.kind !== 'signed') throw new Error(JSON.stringify(read));
  return read.signature;
}

function computed(request: Credentialed, body: string | Buffer, secret: string): string {
  const signature = signatureOf(request);
  const canonical = canonicalRequest(request, signature, sha256Hex(Buffer.from(body)));
  return expectedSignature(signature, secret, sha256Hex(canonical)).toString('hex');
}

describe('a signature', () => {
  it('of an invocation equals the vector', () => {
    const request = aRequest();
    const canonical = canonicalRequest(request, signatureOf(request), sha256Hex(Buffer.from('{"k":"héllo"}')));
    expect(canonical).toBe(
      [
        'POST',
        '/v2/p1/fgs/functions/urn%3Afss%3Ar%3Ap1%3Afunction%3Adefault%3Ahello%3A%21prod/invocations-async/',
        '',
        'content-type:application/json',
        'host:127.0.0.1:8080',
        'x-project-id:p1',
        'x-sdk-date:20261123T120000Z',
        '',
        'content-type;host;x-project-id;x-sdk-date',
        'd3352a192f21ed49ab7d14dbc8b24d71f95b178a227b9e2bbb6e10e584bbaa8f',
      ].join('\n'),
    );
    expect(sha256Hex(canonical)).toBe('0661a0f76a97f242b5590d9d7368ddd24bf8ae264237a0d29fa9010677037a64');
    expect(computed(request, '{"k":"héllo"}', 'SKTEST')).toBe('bcadd9a8dfe74482ec37ce0ed3edac6a543fcf094342a1b5cf477b17f24a5750');
  });

  it('of a query equals the vector, in any order and encoding of the query', () => {
    const path = '/v2/p1/fgs/functions/hello/async-invocations';
    for (const query of [
      'status=SUCCESS&limit=5&query_begin_time=2026-11-23T00%3A00%3A00',
      'query_begin_time=2026-11-23T00:00:00&limit=5&status=SUCCESS',
    ])
      expect(computed(aRequest({ method: 'GET', url: `${path}?${query}` }), '', 'SKTEST')).toBe(
        '7be389292f70fc80361a77bb3be20336dcefa8d0c705dfd4f6c42442ae52047a',
      );
  });

  it('under a scoped key equals the one computed step by step', () => {
    const scope = '20261123/eu-de/fgs/sdk_request';
    const request = aRequest({}, { authorization: authorization('0'.repeat(64), `Credential=AKTEST/${scope}`) });
    const step = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
    const key = step(step(step(step('SDKSKTEST', '20261123'), 'eu-de'), 'fgs'), 'sdk_request');
    const text = `SDK-HMAC-SHA256\n${date}\n${scope}\n0661a0f76a97f242b5590d9d7368ddd24bf8ae264237a0d29fa9010677037a64`;
    expect(signatureOf(request)).toMatchObject({ scheme: 'scoped', accessKey: 'AKTEST', scope });
    expect(computed(request, '{"k":"héllo"}', 'SKTEST')).toBe(step(key, text).toString('hex'));
  });

  it.each([AKSKSigner, DerivedAKSKSigner])('equals that of the official SDK: $name', (signer) => {
    const credentials = new BasicCredentials().withAk('AKTEST').withSk('SKTEST').withProjectId('p1').withRegionId('r');
    credentials.processDerivedAuthParams('functiongraph', 'r');
    const given = {
      endpoint: `http://127.0.0.1:8080${invocation}`,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'X-Project-Id': 'p1' },
      queryParams: { 'a b': ['é', '!'], A: 1 },
      data: { k: 'héllo' },
    };
    const sent = Object.entries(signer.sign(given as never, credentials)).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ]);
    const request = { method: 'POST', url: `${invocation}?A=1&a+b=%C3%A9&a+b=!`, headers: Object.fromEntries(sent) };
    const read = readSignature(request, Date.now());
    if (read.kind !== 'signed') throw new Error(JSON.stringify(read));
    const canonicalHash = sha256Hex(canonicalRequest(request, read.signature, sha256Hex(Buffer.from('{"k":"héllo"}'))));
    expect(expectedSignature(read.signature, 'SKTEST', canonicalHash)).toEqual(read.signature.bytes);
  });

  it('folds blanks in header values if it is scoped, and keeps them otherwise', () => {
    const header = { 'x-project-id': 'a  b' };
    const scoped = aRequest(
      {},
      { ...header, authorization: authorization('0'.repeat(64), 'Credential=A/20261123///sdk_request') },
    );
    const plain = aRequest({}, header);
    expect(canonicalRequest(scoped, signatureOf(scoped), '')).toContain('x-project-id:a b\n');
    expect(canonicalRequest(plain, signatureOf(plain), '')).toContain('x-project-id:a  b\n');
  });

  it('equals that of the client for any request', () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed());
    const pair = fc.tuple(fc.constantFrom('a', 'b', 'B', 'a b', 'é', '!', 'x-y'), segment);
    const odd = fc.constantFrom('!prod', 'a:b', '%2F', 'a/b', '*', "'()", 'é', '日本', '~', '+', ' ');
    fc.assert(
      fc.property(
        fc.array(fc.oneof(segment, odd), { minLength: 1, maxLength: 5 }),
        fc.array(pair, { maxLength: 5 }),
        fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed()),
        fc.boolean(),
        (path, query, body, isRaw) => {
          const plain = {
            method: 'PUT',
            path,
            query,
            headers: { host: 'localhost:1', 'content-type': 'application/json' },
            body,
          };
          const headers = signed(plain, { accessKey: 'AKTEST', secretKey: 'SKTEST', date });
          // Clients send some characters as they are that are signed encoded, and blanks of a query
          // as plus signs.
          const sent = (text: string) => (isRaw ? encodeURIComponent(text).replaceAll('%3A', ':') : encodeURIComponent(text));
          const form = (text: string) => (isRaw ? sent(text).replaceAll('%20', '+') : sent(text));
          const search = query.map((parts) => parts.map(form).join('=')).join('&');
          const url = `/${path.map(sent).join('/')}${search === '' ? '' : `?${search}`}`;
          const request = { method: 'PUT', url, headers };
          expect(canonicalRequest(request, signatureOf(request), sha256Hex(Buffer.from(body)))).toBe(
            canonicalText({ ...plain, headers: { ...plain.headers, 'x-sdk-date': date } }),
          );
          expect(computed(request, body, 'SKTEST')).toBe(headers['authorization']?.slice(-64));
        },
      ),
    );
  });
});

describe('readSignature', () => {
  const hex = 'a'.repeat(64);
  const form = (text: string) => ({ authorization: text });
  const at = (ms: number) => ({ 'x-sdk-date': sdkDate(now + ms) });
  const hashed = (value: string, type?: string) => ({
    'x-sdk-content-sha256': value,
    'content-type': type,
    authorization: `SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-content-sha256, Signature=${hex}`,
  });

  it.each<[what: string, headers: Record<string, string | undefined>, reason: RegExp]>([
    ['is of another kind', form('Basic YTpi'), /Authorization must be SDK-HMAC-SHA256/],
    ['is of another algorithm', form(`SDK-HMAC-SM3 Access=A, SignedHeaders=host, Signature=${hex}`), /Authorization must be/],
    ['has no access key', form(`SDK-HMAC-SHA256 Access=, SignedHeaders=host, Signature=${hex}`), /Authorization must be/],
    ['has no signed headers', form(`SDK-HMAC-SHA256 Access=A, SignedHeaders=, Signature=${hex}`), /Authorization must be/],
    ['is too short', form(`SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=${hex.slice(1)}`), /Authorization must be/],
    ['is not hex', form(`SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=${hex.slice(1)}g`), /Authorization must be/],
    ['has more after it', form(`SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=${hex}, x=1`), /Authorization must be/],
    [
      'has a scope that ends otherwise',
      form(authorization(hex, 'Credential=A/20261123/r/s/aws4_request')),
      /Authorization must be/,
    ],
    ['has a scope too short', form(authorization(hex, 'Credential=A/20261123/r/s')), /Authorization must be/],
    ['mixes both forms', form(authorization(hex, 'Access=A', 'V11-HMAC-SHA256')), /Authorization must be/],
    ['is scoped to another day', form(authorization(hex, 'Credential=A/20261122/r/s/sdk_request')), /not that of X-Sdk-Date/],
    [
      'is derived for another day',
      form(authorization(hex, 'Credential=A/20261122/r/s', 'V11-HMAC-SHA256')),
      /not that of X-Sdk-Date/,
    ],
    ['has no date', { 'x-sdk-date': undefined }, /X-Sdk-Date must be YYYYMMDDTHHmmssZ/],
    ['has a date of another form', { 'x-sdk-date': '2026-11-23T12:00:00Z' }, /X-Sdk-Date must be/],
    ['has a date twice', { 'x-sdk-date': `${date}, ${date}` }, /X-Sdk-Date must be/],
    ['has an invalid day', { 'x-sdk-date': '20261399T120000Z' }, /more than 15 minutes/],
    ['is too old', at(-clockSkewMsMax - 1_000), /more than 15 minutes/],
    ['is too far ahead', at(clockSkewMsMax + 1_000), /more than 15 minutes/],
    ['names a missing header', { 'x-project-id': undefined }, /the signed header x-project-id did not arrive/],
    [
      'names a header in upper case',
      form(`SDK-HMAC-SHA256 Access=A, SignedHeaders=Host, Signature=${hex}`),
      /signed header Host/,
    ],
    [
      'names a property of every object',
      form(`SDK-HMAC-SHA256 Access=A, SignedHeaders=toString, Signature=${hex}`),
      /toString did not arrive/,
    ],
    [
      'names too many headers',
      form(`SDK-HMAC-SHA256 Access=A, SignedHeaders=host${';host'.repeat(64)}, Signature=${hex}`),
      /64 headers/,
    ],
    ['is of a temporary key', { 'x-security-token': 'a' }, /X-Security-Token is not supported/],
    ['states a malformed hash', hashed('abc', 'text/plain'), /must be a SHA-256/],
    ['states a hash in upper case', hashed('A'.repeat(64), 'text/plain'), /must be a SHA-256/],
    ['leaves JSON unsigned', hashed('UNSIGNED-PAYLOAD', 'application/json; charset=utf-8'), /not for JSON/],
    [
      'does not sign that it leaves the payload unsigned',
      { 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD', 'content-type': 'text/plain' },
      /among the signed/,
    ],
    [
      'leaves a payload unsigned',
      { ...hashed('UNSIGNED-PAYLOAD', 'application/octet-stream'), 'content-length': '2' },
      /not for JSON, which every operation reads/,
    ],
    [
      'leaves a payload unsigned whose length is written unusually',
      { ...hashed('UNSIGNED-PAYLOAD', 'application/octet-stream'), 'content-length': '00' },
      /not for JSON/,
    ],
    [
      'leaves a payload in chunks unsigned',
      { ...hashed('UNSIGNED-PAYLOAD', 'application/octet-stream'), 'transfer-encoding': 'chunked' },
      /not for JSON/,
    ],
    ...['x-sendoff-delay-seconds', 'x-cff-instance-memory', 'x-cff-log-type', 'x-cff-request-version', 'idempotency-key'].map(
      (name) =>
        [`does not cover ${name}`, { [name]: '1' }, new RegExp(`the header ${name} is not signed: name it in SignedHeaders`)] as [
          string,
          Record<string, string>,
          RegExp,
        ],
    ),
  ])('refuses a signature that %s', (_what, headers, reason) => {
    expect(readSignature(aRequest({}, headers), now)).toEqual({ kind: 'malformed', reason: expect.stringMatching(reason) });
  });

  it.each<[what: string, headers: Record<string, string | undefined>]>([
    ['as old as allowed', at(-clockSkewMsMax)],
    ['as far ahead as allowed', at(clockSkewMsMax)],
    ['without blanks between its parts', form(`SDK-HMAC-SHA256 Access=A,SignedHeaders=host,Signature=${hex}`)],
    ['that is scoped, with nothing between the slashes', form(authorization(hex, 'Credential=A/20261123///sdk_request'))],
    ['that is derived', form(authorization(hex, 'Credential=A/20261123/r/s', 'V11-HMAC-SHA256'))],
    ['that states a hash', hashed(hex, 'application/json')],
    ['that leaves an empty payload unsigned', hashed('UNSIGNED-PAYLOAD', 'application/octet-stream')],
  ])('accepts a signature %s', (_what, headers) => {
    expect(readSignature(aRequest({}, headers), now)).toMatchObject({ kind: 'signed' });
  });

  it('finds no signature without Authorization, and refuses a target that is a URL', () => {
    expect(readSignature(aRequest({}, { authorization: undefined }), now)).toEqual({ kind: 'absent' });
    expect(readSignature(aRequest({ url: 'http://a/v2/p1' }), now)).toMatchObject({ kind: 'malformed' });
  });
});
