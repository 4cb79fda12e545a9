/**
 * The program of a Node.js instance: it loads the user's code, then answers calls until its parent
 * ends.
 *
 * It imports nothing of the platform, so that the permission model can forbid reading those files.
 * It also runs from source, because Node strips the types.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { ErrorDocument, FromInstance, InstanceSetup, ToInstance } from '../process-runtime/protocol.ts';

const setup = JSON.parse(process.env['SENDOFF_INSTANCE'] ?? '{}') as InstanceSetup;
delete process.env['SENDOFF_INSTANCE'];

// The channel to the parent is hidden from the user's code.
const sendToParent = process.send?.bind(process);
const bundleBytesMax = 65_536;
const unsent: FromInstance[] = [];
let isFlushDue = false;
const flush = () => {
  isFlushDue = false;
  if (unsent.length > 0) sendToParent?.(unsent.splice(0));
};
/** Sends a message at once, after all earlier ones, because the code may end the process next. */
const send = (message: FromInstance) => {
  unsent.push(message);
  flush();
};
/** Batches the results of one event-loop tick into one message. A large result is sent at once. */
const sendSoon = (message: Extract<FromInstance, { kind: 'returned' }>) => {
  if ((message.payload?.length ?? 0) > bundleBytesMax) return send(message);
  unsent.push(message);
  if (isFlushDue) return;
  isFlushDue = true;
  setImmediate(flush);
};
process.on('exit', flush);
const endSelf = process.kill.bind(process, process.pid);
process.on('disconnect', () => endSelf('SIGKILL'));
// The permission model does not cover signals: code may send them to its own process only.
const kill = (pid: number, signal?: string | number): true => {
  if (pid !== process.pid) throw Object.assign(new Error('a function may signal itself only'), { code: 'ERR_ACCESS_DENIED' });
  return endSelf(signal);
};
Object.defineProperties(process, { send: { value: undefined }, disconnect: { value: undefined }, kill: { value: kill } });

const logBytesMax = 65_536;

interface Running {
  readonly id: number;
  readonly requestId: string;
  readonly controller: AbortController;
  logBytes: number;
}

const current = new AsyncLocalStorage<Running>();
const running = new Map<number, Running>();

/** Assigns output to the request that printed it. Drops its output beyond `logBytesMax`. */
function capture(chunk: unknown): boolean {
  const request = current.getStore() ?? [...running.values()][0];
  const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('utf8');
  if (request !== undefined) {
    if (request.logBytes > logBytesMax) return true;
    request.logBytes += text.length;
  }
  const owner = request === undefined ? { requestId: '' } : { id: request.id, requestId: request.requestId };
  // The cut may leave half of a surrogate pair at the end.
  send({ kind: 'log', ...owner, text: text.slice(0, logBytesMax).replace(/[\ud800-\udbff]$/, '') });
  return true;
}
process.stdout.write = (chunk: unknown, ...rest: unknown[]) => {
  const written = capture(chunk);
  const callback = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
  callback?.();
  return written;
};
process.stderr.write = process.stdout.write;

/** A text unchanged; any other value as `util.inspect` shows it. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value);
}

/**
 * Stack frames show paths relative to the function's code folder. Absolute paths of this host and
 * frames of this program are stripped.
 */
function read(error: unknown): ErrorDocument {
  if (!(error instanceof Error)) return { errorMessage: wordsOf(error), errorType: typeof error, stackTrace: [] };
  const stackTrace = textOf(error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes(import.meta.url) && !line.includes('node:internal'))
    .slice(0, 11)
    .map((line) => line.trim().replaceAll(`${setup.codeDir}/`, ''));
  return { errorMessage: textOf(error.message), errorType: textOf(error.name), stackTrace };
}

/** A thrown value that is not an Error, as JSON if possible. */
function wordsOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    return JSON.stringify(thrown) ?? inspect(thrown);
  } catch {
    return inspect(thrown);
  }
}

/**
 * Code may throw any value, and reading some values throws again. No thrown value may end the
 * instance.
 */
function documentOf(error: unknown): ErrorDocument {
  try {
    return read(error);
  } catch {
    return { errorMessage: 'the thrown value cannot be read', errorType: typeof error, stackTrace: [] };
  }
}

function isRetryable(error: unknown): boolean {
  try {
    return !(typeof error === 'object' && error !== null && (error as { retryable?: unknown }).retryable === false);
  } catch {
    return true;
  }
}

const memoryAgeMaxMs = 10;
let memory = { bytes: 0, at: 0 };

/**
 * Resident memory of the process. Reading it takes 20 us. If several calls run at once, the value
 * belongs to none of them, so it may be 10 ms old.
 */
function memoryBytes(): number {
  const now = performance.now();
  if (running.size <= 1 || now - memory.at > memoryAgeMaxMs) memory = { bytes: process.memoryUsage.rss(), at: now };
  return memory.bytes;
}

function failure(id: number, error: unknown, isHandled: boolean): FromInstance {
  return { kind: 'failed', id, error: documentOf(error), isHandled, isRetryable: isRetryable(error), memoryBytes: memoryBytes() };
}

const bootedAt = performance.now();

/** The second argument of a handler. @see FunctionGraph developer guide, Node.js context */
function contextOf(requestId: string, deadlineAt: number, alias: string, signal: AbortSignal): Record<string, unknown> {
  const logger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error', 'log'].map((level) => [
      level,
      (...words: unknown[]) => console.log(`[${level.toUpperCase()}]`, ...words),
    ]),
  );
  return {
    getRequestID: () => requestId,
    getRemainingTimeInMilliSeconds: () => Math.max(0, deadlineAt - Date.now()),
    getRunningTimeInSeconds: () => setup.timeoutMs / 1_000,
    getUserData: (key: string) => setup.userData[key],
    getFunctionName: () => setup.functionName,
    getVersion: () => setup.version,
    getMemorySize: () => setup.memoryMb,
    getCPUNumber: () => Math.round((setup.memoryMb / 128) * 100 + 200),
    getPackage: () => setup.package,
    getProjectID: () => setup.projectId,
    getAlias: () => alias,
    getLogger: () => logger,
    // Agencies here have no cloud account, so there are no temporary keys.
    getToken: () => '',
    getAccessKey: () => '',
    getSecretKey: () => '',
    getSecurityAccessKey: () => '',
    getSecuritySecretKey: () => '',
    getSecurityToken: () => '',
    getUserToken: () => '',
    uptimeMs: () => performance.now() - bootedAt,
    signal,
  };
}

type Callback = (error?: unknown, value?: unknown) => void;
type Handler = (...args: unknown[]) => unknown;

function load(handler: string): Handler {
  const dot = handler.lastIndexOf('.');
  const file = join(setup.codeDir, `${handler.slice(0, dot)}.js`);
  const exported = (createRequire(file)(file) as Record<string, unknown>)[handler.slice(dot + 1)];
  if (typeof exported !== 'function')
    throw new TypeError(`${handler} is not a function that ${handler.slice(0, dot)}.js exports`);
  return exported as Handler;
}

/**
 * An error that the function passed to its callback, in contrast to one that it threw. It is
 * recognized by identity, because `instanceof` would run code of a thrown proxy.
 */
class Reported {
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
 * Calls a handler with a trailing callback. The answer is the first of: the callback, the promise,
 * the returned value.
 */
async function invoke(handler: Handler, ...args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const callback: Callback = (error, value) =>
      error === undefined || error === null ? resolve(value) : reject(new Reported(error));
    const returned = handler(...args, callback);
    if (returned instanceof Promise) returned.then(resolve, reject);
    else if (returned !== undefined || handler.length <= args.length) resolve(returned);
  });
}

async function answer(handler: Handler, message: Extract<ToInstance, { kind: 'call' }>): Promise<void> {
  const { id, requestId } = message;
  const request: Running = { id, requestId, controller: new AbortController(), logBytes: 0 };
  running.set(id, request);
  try {
    const context = contextOf(requestId, message.deadlineAt, message.alias, request.controller.signal);
    const value = await current.run(request, async () => invoke(handler, JSON.parse(message.payload), context));
    const payload = JSON.stringify(value);
    sendSoon({ kind: 'returned', id, memoryBytes: memoryBytes(), ...(payload === undefined ? {} : { payload }) });
  } catch (thrown) {
    const isHandled = Reported.is(thrown);
    const error = isHandled ? thrown.error : thrown;
    send(failure(id, error, isHandled));
  } finally {
    running.delete(id);
  }
}

async function initialise(): Promise<Handler> {
  const handler = load(setup.handler);
  if (setup.initializer === undefined) return handler;
  const { handler: name, timeoutMs } = setup.initializer;
  const initializer = load(name);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the initializer ran longer than ${timeoutMs} ms`)), timeoutMs);
  });
  await Promise.race([invoke(initializer, contextOf('', Date.now() + timeoutMs, '', new AbortController().signal)), late]);
  clearTimeout(timer);
  return handler;
}

// An unhandled error fails the call that caused it, if the async context names one, and otherwise
// all running calls. The instance takes no more calls after it.
process.on('uncaughtException', (error) => {
  const owner = current.getStore();
  if (owner !== undefined && running.delete(owner.id)) {
    send(failure(owner.id, error, false));
    send({ kind: 'spoiled' });
    return;
  }
  for (const [id] of running) send(failure(id, error, false));
  setImmediate(() => process.exit(1));
});

try {
  const handler = await initialise();
  process.on('message', (messages: readonly ToInstance[]) => {
    for (const message of messages)
      if (message.kind === 'call') void answer(handler, message);
      else running.get(message.id)?.controller.abort();
  });
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'unusable', error: documentOf(Reported.is(error) ? error.error : error) });
}
