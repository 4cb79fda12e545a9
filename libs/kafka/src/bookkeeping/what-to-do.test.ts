import { describe, expect, it } from 'vitest';
import { errorCatalogue, type ErrorCode, PlatformError } from '#contracts';
import { againDelayMs, againMaxMs, whatToDo } from './what-to-do.ts';

describe('whatToDo', () => {
  it.each(Object.entries(errorCatalogue) as [ErrorCode, { readonly retryable: boolean }][])(
    'treats %s by whether it is retryable',
    (code, { retryable }) => expect(whatToDo(new PlatformError(code), false)).toBe(retryable ? 'again' : 'reject'),
  );

  it.each([new Error('a bug'), new TypeError('x'), 'a word', undefined, null, { code: 'CONTRACT_VIOLATED', retryable: false }])(
    'handles a record again after %s',
    (error) => expect(whatToDo(error, false)).toBe('again'),
  );

  it('leaves a record whose signal has aborted, whatever was thrown', () => {
    expect(whatToDo(new PlatformError('CONTRACT_VIOLATED'), true)).toBe('leave');
    expect(whatToDo(new Error('x'), true)).toBe('leave');
  });
});

describe('againDelayMs', () => {
  it.each([
    [1, 100],
    [2, 200],
    [7, 6_400],
    [8, againMaxMs],
    [5_000, againMaxMs],
  ])('waits after try %i for %i ms', (tries, delayMs) => expect(againDelayMs(tries)).toBe(delayMs));
});
