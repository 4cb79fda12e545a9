import { describe, expect, it } from 'vitest';
import { errorCatalogue, type ErrorCode, PlatformError } from '#contracts';
import { recordTriesMaxDefault } from '#platform';
import { againDelayMs, againMaxMs, isUnexpected, type Reaction, whatToDo } from './what-to-do.ts';

const first = { isAborted: false, unexpectedErrors: 0, triesMax: 3 };

describe('whatToDo', () => {
  it.each(Object.entries(errorCatalogue) as [ErrorCode, { readonly retryable: boolean }][])(
    'rejects the record after %s unless the error is retryable, or the record is for a newer release',
    (code, { retryable }) =>
      expect(whatToDo(new PlatformError(code), first)).toBe(code === 'RECORD_TOO_NEW' ? 'keep' : retryable ? 'again' : 'reject'),
  );

  it.each([new Error('a bug'), new TypeError('x'), 'a word', undefined, null, { code: 'CONTRACT_VIOLATED', retryable: false }])(
    'handles a record again after the unexpected error %s',
    (error) => expect([isUnexpected(error), whatToDo(error, { ...first, unexpectedErrors: 1 })]).toEqual([true, 'again']),
  );

  it.each<[unexpectedErrors: number, Reaction]>([
    [2, 'again'],
    [3, 'give-up'],
    [4, 'give-up'],
  ])('after %i unexpected errors, of 3 allowed, the reaction is %s', (unexpectedErrors, reaction) => {
    expect(whatToDo(new Error('a bug'), { ...first, unexpectedErrors })).toBe(reaction);
  });

  it('handles a record again after a retryable error, however often, while unexpected errors are below their bound', () => {
    expect(whatToDo(new PlatformError('BROKER_UNAVAILABLE'), { ...first, unexpectedErrors: 2 })).toBe('again');
  });

  it('leaves a record whose partition is lost, whatever was thrown and however often', () => {
    const aborted = { isAborted: true, unexpectedErrors: 3, triesMax: 3 };
    expect(whatToDo(new PlatformError('CONTRACT_VIOLATED'), aborted)).toBe('leave');
    expect(whatToDo(new Error('x'), aborted)).toBe('leave');
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

  it('adds up to 53 s before the default number of tries is used up', () => {
    const waits = Array.from({ length: recordTriesMaxDefault - 1 }, (_, index) => againDelayMs(index + 1));
    expect(waits.reduce((sum, wait) => sum + wait)).toBe(52_700);
  });
});
