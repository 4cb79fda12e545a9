import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AliasRule } from '#contracts';
import { type AliasRouting, chooseVersion, type RequestSigns, versionsBehind } from './choose-version.ts';

const header = (value: string, operator: AliasRule['operator'] = '='): AliasRule => ({
  source: 'header',
  name: 'x-group',
  operator,
  value,
});
const cookie = (value: string): AliasRule => ({ source: 'cookie', name: 'group', operator: '=', value });
const plain: AliasRouting = { version: 'v1' };
const weighing = (percent: number): AliasRouting => ({ ...plain, weighted: { version: 'v2', percent } });
const ruling = (combine: 'and' | 'or', ...rules: AliasRule[]): AliasRouting => ({
  ...plain,
  ruled: { version: 'v3', combine, rules },
});
const asks = (group: string, more: RequestSigns['headers'] = {}): RequestSigns['headers'] => ({ 'x-group': group, ...more });

describe('chooseVersion', () => {
  it.each<[rule: string, AliasRouting, dice: number, RequestSigns['headers'], version: string]>([
    ['an alias without more leads to its version', plain, 0, {}, 'v1'],
    ['a weight of 0 draws nothing, not even the lowest throw', weighing(0), 0, {}, 'v1'],
    ['a weight of 100 draws all, even the highest throw', weighing(100), 0.999999, {}, 'v2'],
    ['a throw just below the weight is drawn', weighing(30), 0.299999, {}, 'v2'],
    ['a throw at the weight is not', weighing(30), 0.3, {}, 'v1'],
    ['a header that is the value fits', ruling('and', header('beta')), 0, asks('beta'), 'v3'],
    ['a header is named in any case', ruling('and', { ...header('beta'), name: 'X-Group' }), 0, asks('beta'), 'v3'],
    ['a header that only begins so does not', ruling('and', header('beta')), 0, asks('beta2'), 'v1'],
    ['a value with a comma is one value where it must be equal', ruling('and', header('a,b')), 0, asks('a,b'), 'v3'],
    ['and a part of it does not fit', ruling('and', header('a,b')), 0, asks('a'), 'v1'],
    ['a header that is not there does not', ruling('and', header('')), 0, {}, 'v1'],
    ['a header that is one of the values fits', ruling('and', header('alpha, beta', 'in')), 0, asks('beta'), 'v3'],
    ['a header that is the whole list does not', ruling('and', header('alpha,beta', 'in')), 0, asks('alpha,beta'), 'v1'],
    ['a header with several values fits nothing', ruling('or', header('beta')), 0, { 'x-group': ['beta'] }, 'v1'],
    ['a cookie that is the value fits', ruling('and', cookie('beta')), 0, { cookie: 'a=1; group=beta; b' }, 'v3'],
    [
      'a cookie has spaces around it that do not count',
      ruling('and', cookie('beta')),
      0,
      { cookie: 'a=1;  group = beta ; b' },
      'v3',
    ],
    ['a cookie may have a name of one letter', ruling('and', { ...cookie('x'), name: 'g' }), 0, { cookie: 'g=x' }, 'v3'],
    ['a cookie without a value is none', ruling('and', cookie('groups')), 0, { cookie: 'groups' }, 'v1'],
    ['a cookie of another name does not', ruling('and', cookie('beta')), 0, { cookie: 'other-group=beta' }, 'v1'],
    ['without cookies no cookie rule fits', ruling('and', cookie('beta')), 0, {}, 'v1'],
    ['several cookie headers fit nothing', ruling('and', cookie('beta')), 0, { cookie: ['group=beta'] }, 'v1'],
    ['a cookie may hold what parts name and value', ruling('and', cookie('a=b')), 0, { cookie: 'group=a=b' }, 'v3'],
    ['all rules must fit where they are joined by and', ruling('and', header('beta'), cookie('x')), 0, asks('beta'), 'v1'],
    ['one is enough where they are joined by or', ruling('or', header('beta'), cookie('x')), 0, asks('beta'), 'v3'],
    ['no rules joined by and fit nothing', ruling('and'), 0, asks('beta'), 'v1'],
    ['no rules joined by or fit nothing', ruling('or'), 0, asks('beta'), 'v1'],
    ['rules come before the weight', { ...weighing(100), ...ruling('or', header('beta')) }, 0, asks('beta'), 'v3'],
    ['the weight draws where no rule fits', { ...weighing(100), ...ruling('or', header('beta')) }, 0, asks('x'), 'v2'],
    ['a name every object has is no header', ruling('or', { ...header(''), name: 'constructor' }), 0, {}, 'v1'],
  ])('%s', (_rule, alias, dice, headers, version) => {
    expect(chooseVersion(alias, { dice, headers })).toBe(version);
  });

  it('chooses one of the versions of the alias for any request', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: 100 }),
        fc.string(),
        fc.string(),
        (dice, percent, value, group) => {
          const alias = { ...weighing(percent), ...ruling('or', header(value, 'in'), cookie(value)) };
          expect(versionsBehind(alias)).toContain(chooseVersion(alias, { dice, headers: { 'x-group': group, cookie: group } }));
        },
      ),
    );
  });
});

describe('versionsBehind', () => {
  it.each<[what: string, AliasRouting, readonly string[]]>([
    ['its own alone', plain, ['v1']],
    ['its own first, then the others', { ...weighing(1), ...ruling('or') }, ['v1', 'v2', 'v3']],
    ['each once', { ...weighing(1), ruled: { version: 'v2', combine: 'or', rules: [] } }, ['v1', 'v2']],
  ])('names %s', (_what, alias, versions) => {
    expect(versionsBehind(alias)).toEqual(versions);
  });
});
