import { describe, expect, it } from 'vitest';
import { type Command, readArguments } from './arguments.ts';

describe('readArguments', () => {
  it.each<[line: string, command: Command]>([
    ['create --rights read', { kind: 'create', rights: ['read'], functions: ['*'], description: '' }],
    [
      'create --rights invoke,read --functions=team-*,a:b --description ci',
      { kind: 'create', rights: ['invoke', 'read'], functions: ['team-*', 'a:b'], description: 'ci' },
    ],
    [
      'create --rights manage --functions a-* --agencies a-*,b --topics=',
      { kind: 'create', rights: ['manage'], functions: ['a-*'], agencies: ['a-*', 'b'], topics: [], description: '' },
    ],
    ['list', { kind: 'list' }],
    ['disable AK', { kind: 'disable', accessKey: 'AK' }],
    ['enable AK', { kind: 'enable', accessKey: 'AK' }],
    ['delete AK', { kind: 'delete', accessKey: 'AK' }],
    ['rotate AK', { kind: 'rotate', accessKey: 'AK', graceSeconds: 0 }],
    ['rotate --grace 60 AK', { kind: 'rotate', accessKey: 'AK', graceSeconds: 60 }],
  ])('reads %s', (line, command) => {
    expect(readArguments(line.split(' '))).toEqual(command);
  });

  it.each<[line: string, reason: RegExp]>([
    ['', /the command is missing/],
    ['toString', /unknown command toString/],
    ['make', /unknown command make/],
    ['create', /needs --rights/],
    ['create AK --rights read', /takes no argument AK/],
    ['create --right read', /Unknown option '--right'/],
    ['list --all', /Unknown option/],
    ['list AK', /takes no argument AK/],
    ['disable', /takes exactly one access key/],
    ['delete A B', /takes exactly one access key/],
    ['rotate AK --grace -1', /grace/],
    ['rotate AK --grace 1h', /whole number/],
  ])('rejects %j with the fault', (line, reason) => {
    expect(() => readArguments(line === '' ? [] : line.split(' '))).toThrow(reason);
  });
});
