import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Access } from '#contracts';
import { covers, isForAll, mayUse } from './access.ts';

const all: Access = { rights: ['invoke', 'read', 'manage'], functions: ['*'] };
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

describe('isForAll', () => {
  it.each<[string[], boolean]>([
    [['*'], true],
    [['*:*'], true],
    [['a', '*'], true],
    [['**'], false],
    [['default:*'], false],
    [[], false],
  ])('%j: %s', (functions, expected) => {
    expect(isForAll({ functions })).toBe(expected);
  });
});

describe('covers', () => {
  it.each<[what: string, holder: Access, held: Access, expected: boolean]>([
    ['the same', all, all, true],
    ['less', all, { rights: ['read'], functions: ['hello'] }, true],
    ['a right more', { ...all, rights: ['manage'] }, { ...all, rights: ['manage', 'invoke'] }, false],
    ['a narrower pattern', to('team-*'), to('team-a-*'), true],
    ['a wider pattern', to('team-a-*'), to('team-*'), false],
    ['any function', to('team-*'), to('*'), false],
    ['one pattern in, one out', to('team-*'), to('team-a', 'other'), false],
    ['a package of functions of any', to('team-*'), to('default:team-a'), true],
    ['any package of functions of one', to('default:team-*'), to('team-a'), false],
    ['what one of two patterns holds', to('team-*', 'other'), to('other'), true],
    ['no function at all', to('team-*'), to(), true],
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
