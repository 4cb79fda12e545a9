/** The running calls of the instance, and what their code prints. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { send } from './bootstrap-channel.ts';

const logBytesMax = 65_536;

/** A call that runs in this instance. */
export interface Running {
  readonly id: number;
  readonly controller: AbortController;
  logBytes: number;
}

/** The call whose code runs now, or whose code started it. */
export const current = new AsyncLocalStorage<Running>();
/** The calls that run now, by number. */
export const running = new Map<number, Running>();

/** Prints a text to the log of a call; 0 if it belongs to no call. */
export function print(id: number, text: string): void {
  // The cut may leave half of a surrogate pair at the end.
  send({ kind: 'log', id, text: text.slice(0, logBytesMax).replace(/[\ud800-\udbff]$/, '') });
}

/** Assigns output to the request that printed it. Drops its output beyond `logBytesMax`. */
function capture(chunk: unknown): boolean {
  const request = current.getStore() ?? (running.size === 1 ? [...running.values()][0] : undefined);
  const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('utf8');
  if (request !== undefined) {
    if (request.logBytes > logBytesMax) return true;
    request.logBytes += text.length;
  }
  print(request?.id ?? 0, text);
  return true;
}

/** Sends what the code prints to the executor, instead of to stdout and stderr. */
export function captureOutput(): void {
  process.stdout.write = (chunk: unknown, ...rest: unknown[]) => {
    const written = capture(chunk);
    const callback = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    callback?.();
    return written;
  };
  process.stderr.write = process.stdout.write;
}
