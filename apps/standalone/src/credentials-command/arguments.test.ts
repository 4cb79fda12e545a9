import { describe, expect, it } from 'vitest';
import { type Asked, readArguments } from './arguments.ts';

describe('readArguments', () => {
  it.each<[line: string, asked: Asked]>([
    ['create --rights read', { kind: 'create', rights: ['read'], functions: ['*'], description: '' }],
    [
      'create --rights invoke,read --functions=team-*,a:b --description ci',
      { kind: 'create', rights: ['invoke', 'read'], functions: ['team-*', 'a:b'], description: 'ci' },
    ],
    ['list', { kind: 'list' }],
    ['disable AK', { kind: 'disable', accessKey: 'AK' }],
    ['enable AK', { kind: 'enable', accessKey: 'AK' }],
    ['delete AK', { kind: 'delete', accessKey: 'AK' }],
    ['rotate AK', { kind: 'rotate', accessKey: 'AK', graceSeconds: 0 }],
    ['rotate --grace 60 AK', { kind: 'rotate', accessKey: 'AK', graceSeconds: 60 }],
  ])('reads %s', (line, asked) => {
    expect(readArguments(line.split(' '))).toEqual(asked);
  });

  it.each<[line: string, reason: RegExp]>([
    ['', /nothing was asked for/],
    ['toString', /toString is not among/],
    ['make', /make is not among/],
    ['create', /needs --rights/],
    ['create AK --rights read', /takes no AK/],
    ['create --right read', /Unknown option '--right'/],
    ['list --all', /Unknown option/],
    ['list AK', /takes no AK/],
    ['disable', /takes one access key/],
    ['delete A B', /takes one access key/],
    ['rotate AK --grace -1', /grace/],
    ['rotate AK --grace 1h', /whole number/],
  ])('says what is wrong with: %s', (line, reason) => {
    expect(() => readArguments(line === '' ? [] : line.split(' '))).toThrow(reason);
  });
});
