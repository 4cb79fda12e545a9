import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Access, CredentialDocument } from '#contracts';
import { accessOf, covers, isUnlimited, mayInvoke, mayPass, mayUse, mayUseTopic } from './access.ts';

const all: Access = { rights: ['invoke', 'read', 'manage'], functions: ['*'], agencies: ['*'], topics: ['*'] };
const to = (...functions: string[]): Access => ({ ...all, functions });

describe('mayUse', () => {
  it.each<[functions: string[], name: string, may: boolean]>([
    [['*'], 'default:hello', true],
    [['hello'], 'default:hello', true],
    [['hello'], 'other:hello', true],
    [['hello'], 'default:hello2', false],
    [['default:hello'], 'default:hello', true],
    [['default:hello'], 'other:hello', false],
    [['team-*'], 'default:team-a', true],
    [['team-*'], 'team-x:hello', false],
    [['team-*:*'], 'team-x:hello', true],
    [['a', 'b'], 'default:b', true],
    [[], 'default:hello', false],
  ])('%j reaches %s: %s', (functions, name, may) => {
    const [packageName = '', functionName = ''] = name.split(':');
    expect(mayUse({ functions }, { package: packageName, name: functionName })).toBe(may);
  });
});

describe('mayInvoke', () => {
  const fn = { package: 'default', name: 'team-a' };
  it.each<[what: string, access: Access, may: boolean]>([
    ['the right and the pattern', to('team-*'), true],
    ['the right alone', to('other'), false],
    ['the pattern alone', { ...to('team-*'), rights: ['read', 'manage'] }, false],
  ])('needs both the right and a pattern: %s', (_what, access, may) => {
    expect(mayInvoke(access, fn)).toBe(may);
  });
});

describe.each([
  ['mayPass', (patterns: string[], name: string) => mayPass({ agencies: patterns }, name)],
  ['mayUseTopic', (patterns: string[], name: string) => mayUseTopic({ topics: patterns }, name)],
] as const)('%s', (_name, may) => {
  it.each<[patterns: string[], name: string, expected: boolean]>([
    [['*'], 'team-a', true],
    [['team-*'], 'team-a', true],
    [['team-*'], 'Team-a', false],
    [['team-*'], 'a-team-a', false],
    [['a', 'team-a'], 'team-a', true],
    [[], 'team-a', false],
  ])('%j covers %s: %s', (patterns, name, expected) => {
    expect(may(patterns, name)).toBe(expected);
  });
});

describe('isUnlimited', () => {
  it.each<[Partial<Access>, boolean]>([
    [{}, true],
    [{ functions: ['*:*'] }, true],
    [{ functions: ['a', '*'], agencies: ['a', '*'], topics: ['a', '*'] }, true],
    [{ functions: ['**'] }, false],
    [{ functions: ['default:*'] }, false],
    [{ functions: [] }, false],
    [{ agencies: ['team-*'] }, false],
    [{ agencies: [] }, false],
    [{ topics: ['team-*'] }, false],
    [{ topics: [] }, false],
  ])('%j: %s', (limits, expected) => {
    expect(isUnlimited({ ...all, ...limits })).toBe(expected);
  });
});

describe('accessOf', () => {
  it.each<[what: string, held: Partial<Access>, agencies: string[], topics: string[]]>([
    ['an older key for all functions has all', { functions: ['*'] }, ['*'], ['*']],
    ['an older key for some functions has none', { functions: ['team-*'] }, [], []],
    ['a key has those that it names', { functions: ['*'], agencies: ['a'], topics: [] }, ['a'], []],
  ])('%s', (_what, held, agencies, topics) => {
    const document = { rights: ['read'], ...held } as unknown as CredentialDocument;
    expect(accessOf(document)).toMatchObject({ rights: ['read'], agencies, topics });
  });
});

describe('covers', () => {
  it.each<[what: string, holder: Access, held: Access, expected: boolean]>([
    ['the same', all, all, true],
    ['less', all, { ...all, rights: ['read'], functions: ['hello'] }, true],
    ['a right more', { ...all, rights: ['manage'] }, { ...all, rights: ['manage', 'invoke'] }, false],
    ['a narrower pattern', to('team-*'), to('team-a-*'), true],
    ['a wider pattern', to('team-a-*'), to('team-*'), false],
    ['any function', to('team-*'), to('*'), false],
    ['one pattern in, one out', to('team-*'), to('team-a', 'other'), false],
    ['a package of functions of any', to('team-*'), to('default:team-a'), true],
    ['any package of functions of one', to('default:team-*'), to('team-a'), false],
    ['what one of two patterns holds', to('team-*', 'other'), to('other'), true],
    ['no function at all', to('team-*'), to(), true],
    ['an agency more', { ...all, agencies: ['team-*'] }, { ...all, agencies: ['team-a', 'other'] }, false],
    ['a narrower pattern of agencies', { ...all, agencies: ['team-*'] }, { ...all, agencies: ['team-a-*'] }, true],
    ['a wider pattern of topics', { ...all, topics: ['team-*'] }, { ...all, topics: ['*'] }, false],
    ['no agency and no topic', { ...all, agencies: [], topics: [] }, { ...all, agencies: [], topics: [] }, true],
  ])('%s', (_what, holder, held, expected) => {
    expect(covers(holder, held)).toBe(expected);
  });

  it('never lets a function through that its holder may not use', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', ':'), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(pattern, pattern, name, name, (outer, inner, packageName, functionName) => {
        fc.pre(covers(to(outer), to(inner)));
        const fn = { package: packageName, name: functionName };
        return !mayUse(to(inner), fn) || mayUse(to(outer), fn);
      }),
    );
  });
});
