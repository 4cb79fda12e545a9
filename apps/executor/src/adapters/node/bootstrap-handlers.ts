/** Loads handlers of function code, and calls them. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { isHeld, weakly } from './bootstrap-garbage.ts';
import { extensions, missingFile } from './bootstrap-missing.ts';
import { canSeeArgument } from './bootstrap-parameters.ts';

type Callback = (error?: unknown, value?: unknown) => void;
/** A handler or an initializer that user code exports. */
export type Handler = (...args: unknown[]) => unknown;

/** Loads the code that exports a handler. @throws whatever the code throws. */
export async function load(handler: string, codeDir: string): Promise<Handler> {
  const dot = handler.lastIndexOf('.');
  const file = fileOf(join(codeDir, handler.slice(0, dot)));
  if (file === undefined) throw missingFile(handler, codeDir);
  const loaded = await moduleOf(file);
  const name = handler.slice(dot + 1);
  const exported = loaded[name] ?? (loaded['default'] as Exports | undefined)?.[name];
  if (typeof exported !== 'function') throw new TypeError(`${handler} is not a function that ${basename(file)} exports`);
  // Calling it runs none of its code.
  if (types.isGeneratorFunction(exported)) throw new TypeError(`${handler} is a generator function: it would never run`);
  return exported as Handler;
}

type Exports = Readonly<Record<string, unknown>>;

/** The source file: `.js`, `.mjs` or `.cjs`; undefined if the code has none of them. */
function fileOf(path: string): string | undefined {
  return extensions.map((extension) => path + extension).find((file) => existsSync(file));
}

/** Loads a CommonJS or ES module. Only `import` can load one with a top-level `await`. */
async function moduleOf(file: string): Promise<Exports> {
  try {
    return createRequire(file)(file) as Exports;
  } catch (error) {
    if (!isAsyncModule(error)) throw error;
    return (await import(pathToFileURL(file).href)) as Exports;
  }
}

function isAsyncModule(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_REQUIRE_ASYNC_MODULE';
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
 *
 * The source text does not always tell if a handler can see the callback. Its value then answers if
 * no code holds the callback after the handler has returned: nothing else can answer any more.
 */
export async function invoke(handler: Handler, ...args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const { returned, callback } = called(handler, args, resolve, reject);
    // The promise adopts a thenable, and rejects if the thenable throws.
    if (isThenable(returned)) return resolve(returned);
    const sees = canSeeArgument(handler, args.length);
    if (sees === 'no') return resolve(returned);
    if (sees === 'maybe' && returned !== undefined)
      void isHeld(callback).then((mayAnswer) => (mayAnswer ? undefined : resolve(returned)));
  });
}

/** Calls the handler. Its callback is made here, so that no scope of {@link invoke} holds it. */
function called(handler: Handler, args: readonly unknown[], resolve: (value: unknown) => void, reject: (error: unknown) => void) {
  const callback: Callback = (error, value) =>
    error === undefined || error === null ? resolve(value) : reject(new Reported(error));
  return { returned: handler(...args, callback), callback: weakly(callback) };
}

function isThenable(value: unknown): boolean {
  const mayHaveThen = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayHaveThen && typeof (value as { then?: unknown }).then === 'function';
}
