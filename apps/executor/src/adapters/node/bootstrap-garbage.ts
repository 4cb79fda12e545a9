/** Finds out if any code still holds an object, by collecting garbage. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// The function's code may replace the global ones.
const { setImmediate, WeakRef } = globalThis;
let collect: (() => void) | undefined;
let nextCollection: Promise<void> | undefined;

/**
 * Tells if code holds an object after the current turn of the event loop. Collecting garbage takes
 * milliseconds; all who ask in one turn share it.
 */
export async function isHeld(ref: WeakRef<object>): Promise<boolean> {
  // A weak reference keeps its object until the turn ends.
  nextCollection ??= new Promise((resolve) => {
    setImmediate(() => {
      nextCollection = undefined;
      collect ??= openCollector();
      collect();
      resolve();
    });
  });
  await nextCollection;
  return ref.deref() !== undefined;
}

/** A weak reference, also after the function's code has replaced `WeakRef`. */
export function weakly(object: object): WeakRef<object> {
  return new WeakRef(object);
}

/** Node offers the collector only to contexts that are made while this flag is set. */
function openCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const opened = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return opened;
}
