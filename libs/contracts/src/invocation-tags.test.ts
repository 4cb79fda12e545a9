import { describe, expect, it } from 'vitest';
import { anInvocation } from '#testing';
import { decodeInvocation, encodeInvocation, invocationTagsPattern, readInvocationTags } from './index.ts';

const eight = 'a,b,c,d,e,f,g,h';

describe('tags of an invocation', () => {
  it.each<[text: string, tags: readonly string[] | undefined]>([
    ['b,a', ['a', 'b']],
    [' a , b ', ['a', 'b']],
    ['a,a', ['a']],
    [`${'x'.repeat(64)}`, ['x'.repeat(64)]],
    ['A-z_0.9:x', ['A-z_0.9:x']],
    [eight, eight.split(',')],
    ['', []],
    ['  ', []],
    ['x'.repeat(65), undefined],
    [`${eight},i`, undefined],
    ['a,', undefined],
    [',', undefined],
    ['a b', undefined],
    ['ä', undefined],
    ['a\n', ['a']],
  ])('%j are read as %j', (text, tags) => {
    expect(readInvocationTags(text)).toEqual(tags);
    if (!text.includes('\n') && text !== 'a,a') expect(new RegExp(invocationTagsPattern).test(text)).toBe(tags !== undefined);
  });

  it('travel with the invocation', () => {
    const { headers, value } = encodeInvocation('t', anInvocation({ tags: ['a', 'b:1'] }));
    expect(decodeInvocation({ headers: headers ?? {}, value: value as Buffer }).tags).toEqual(['a', 'b:1']);
  });

  it('of another form break the contract', () => {
    const { headers, value } = encodeInvocation('t', anInvocation());
    const decode = () => decodeInvocation({ headers: { ...headers, tags: 'a b' }, value: value as Buffer });
    expect(decode).toThrow(expect.objectContaining({ code: 'CONTRACT_VIOLATED' }));
  });
});
