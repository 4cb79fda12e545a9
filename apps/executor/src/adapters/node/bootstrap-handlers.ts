/** Loads handlers of function code, and calls them. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { canSeeArgument } from './bootstrap-parameters.ts';

type Callback = (error?: unknown, value?: unknown) => void;
/** A handler or an initializer that user code exports. */
export type Handler = (...args: unknown[]) => unknown;

/** Loads the code that exports a handler. @throws whatever the code throws. */
export function load(handler: string, codeDir: string): Handler {
  const dot = handler.lastIndexOf('.');
  const file = join(codeDir, `${handler.slice(0, dot)}.js`);
  const exported = (createRequire(file)(file) as Record<string, unknown>)[handler.slice(dot + 1)];
  if (typeof exported !== 'function')
    throw new TypeError(`${handler} is not a function that ${handler.slice(0, dot)}.js exports`);
  return exported as Handler;
}

/**
 * An error that the function passed to its callback, in contrast to one that it threw. It is
 * recognized by identity, because `instanceof` would run code of a thrown proxy.
 */
export class Reported {
  private static readonly known = new WeakSet<object>();
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
    Reported.known.add(this);
  }

  static is(thrown: unknown): thrown is Reported {
    return typeof thrown === 'object' && thrown !== null && Reported.known.has(thrown);
  }
}

/**
 * Calls a handler with a trailing callback. The first of these answers: the callback, the promise
 * that the handler returned, and the returned value of a handler that cannot see the callback. A
 * value of any other handler means nothing: `() => setTimeout(…)` returns a timer.
 */
export async function invoke(handler: Handler, ...args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const callback: Callback = (error, value) =>
      error === undefined || error === null ? resolve(value) : reject(new Reported(error));
    const returned = handler(...args, callback);
    // The promise adopts a thenable, and rejects if the thenable throws.
    if (isThenable(returned) || !canSeeArgument(handler, args.length)) resolve(returned);
  });
}

function isThenable(value: unknown): boolean {
  const mayHaveThen = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayHaveThen && typeof (value as { then?: unknown }).then === 'function';
}
