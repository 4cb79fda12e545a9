/** Goal: a `CancelSource` does what an `AbortController` does. Method: the same tests for both. */
import { describe, expect, it } from 'vitest';
import { type CancelSignal, CancelSource } from './cancel-signal.ts';

interface Source {
  readonly signal: CancelSignal;
  readonly abort: (reason?: Error) => void;
}

const sources: readonly [name: string, make: () => Source][] = [
  [
    'CancelSource',
    () => {
      const source = new CancelSource();
      return { signal: source, abort: (reason) => source.abort(reason) };
    },
  ],
  [
    'AbortController',
    () => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
    },
  ],
];

describe.each(sources)('%s', (_name, make) => {
  it('calls each listener once, in order, and not those that have left', () => {
    const { signal, abort } = make();
    const called: string[] = [];
    const leaves = () => called.push('leaves');
    signal.addEventListener('abort', () => called.push('first'), { once: true });
    signal.addEventListener('abort', leaves, { once: true });
    signal.addEventListener('abort', () => called.push(`second ${signal.aborted}`), { once: true });
    signal.removeEventListener('abort', leaves);
    const stranger = () => called.push('stranger');
    signal.removeEventListener('abort', stranger);
    expect(signal.aborted).toBe(false);
    abort();
    abort();
    expect(called).toEqual(['first', 'second true']);
  });

  it('throws its reason once it has aborted', () => {
    const { signal, abort } = make();
    const reason = new Error('over');
    signal.throwIfAborted();
    abort(reason);
    abort(new Error('later'));
    expect(signal.reason).toBe(reason);
    expect(() => signal.throwIfAborted()).toThrow(reason);
  });

  it('gives listeners a reason if it was given none', () => {
    const { signal, abort } = make();
    abort();
    expect(signal.reason).toBeInstanceOf(Error);
  });
});
