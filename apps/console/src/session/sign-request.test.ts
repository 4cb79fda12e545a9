import { describe, expect, it } from 'vitest';
import { sdkDate, signed } from '../../../../test/request-signer.ts';
import { signRequest } from './sign-request.ts';

const now = Date.UTC(2026, 10, 28, 9, 45, 12, 345);
const key = { accessKey: 'AK', secretKey: 'a secret', date: sdkDate(now) };

/** The same request, signed by the signer of the tests, which follows the guide on its own. */
function expected(method: string, url: URL, headers: Readonly<Record<string, string>>, body: string) {
  const query = [...url.searchParams];
  const path = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const { 'x-sdk-date': date, authorization } = signed(
    { method, path, query, headers: { ...headers, host: url.host }, body },
    key,
  );
  return { 'x-sdk-date': date, authorization };
}

describe('signRequest', () => {
  it.each([
    ['a plain request', 'GET', '/v2/p1/fgs/functions', {}, ''],
    ['a query in any order, with repeated names', 'GET', '/v2/p1/x?b=2&a=3&a=1&c=', {}, ''],
    ['letters that browsers leave as they are', 'GET', "/v2/p1/it's%20(a)*!?q='()*!%20~", {}, ''],
    ['a path with encoded slashes and colons', 'GET', '/v2/p1/sendoff/functions/default%3Adouble/OBS%2Fx', {}, ''],
    ['letters outside ASCII', 'GET', '/v2/p1/gr%C3%BC%C3%9Fe?q=%E2%9C%93', {}, ''],
    [
      'a body with headers',
      'POST',
      '/v2/p1/x',
      { 'content-type': 'application/json', 'x-sendoff-delay-seconds': '2' },
      '{"ü": 1}',
    ],
  ])('signs %s as the guide says', async (_name, method, path, headers, body) => {
    const url = new URL(path, 'http://127.0.0.1:8700');
    const bytes = new TextEncoder().encode(body).buffer;
    expect(await signRequest({ method, url, headers, body: bytes }, key.accessKey, key.secretKey, now)).toEqual(
      expected(method, url, headers, body),
    );
  });

  it('does not hold the secret in what is sent', async () => {
    const url = new URL('http://127.0.0.1:8700/v2/p1/x');
    const sent = await signRequest({ method: 'GET', url, headers: {}, body: new ArrayBuffer(0) }, 'AK', 'a secret', now);
    expect(JSON.stringify(sent)).not.toContain('a secret');
  });
});
