import { describe, expect, it } from 'vitest';
import { signed } from '../../../test/request-signer.ts';
import { signRequest } from './sign-request.ts';

/**
 * Goal: the server recognises what the command line signs.
 * Method: the signer of the tests, written from the guide, signs the same request.
 */
describe('signRequest', () => {
  it.each<[what: string, path: readonly string[], query: readonly (readonly [string, string])[]]>([
    ['a plain path', ['v2', 'p1', 'fgs', 'functions'], []],
    ['a name with signs', ['v2', 'p1', 'functions', 'urn:fss:local:p1:function:default:a b!(*)'], []],
    [
      'a query whose order differs once encoded',
      ['v2', 'p1'],
      [
        ['a-b', '1'],
        ['a', '2'],
        ['a', '1 é'],
      ],
    ],
  ])('signs %s', (_what, path, query) => {
    const url = new URL(`http://host:1/${path.map(encodeURIComponent).join('/')}`);
    for (const [name, value] of query) url.searchParams.append(name, value);
    const headers = { 'content-type': 'application/json' };
    const made = signRequest({ method: 'POST', url, headers, body: '{"é": 1}' }, 'AK', 'SK', Date.UTC(2026, 10, 25, 9, 45));
    const expected = signed(
      { method: 'POST', path, query, headers: { ...headers, host: 'host:1' }, body: '{"é": 1}' },
      { accessKey: 'AK', secretKey: 'SK', date: '20261125T094500Z' },
    );
    expect(made['authorization']).toBe(expected['authorization']);
  });
});
