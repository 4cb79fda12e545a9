/**
 * The program of a Node.js instance: it loads the user's code, then answers calls until its parent
 * ends.
 *
 * It imports nothing of the platform, so that the permission model can forbid reading those files.
 * It also runs from source, because Node strips the types.
 */
import './disarm.ts';
import { AsyncLocalStorage } from 'node:async_hooks';
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { ErrorDocument, FromInstance, InstanceSetup, ToInstance } from '../process-runtime/protocol.ts';

type Call = Omit<Extract<ToInstance, { kind: 'call' }>, 'kind'>;

const setup = JSON.parse(process.env['SENDOFF_INSTANCE'] ?? '{}') as InstanceSetup;
delete process.env['SENDOFF_INSTANCE'];

const channelFd = 3;
// The numbers of the wire format, as `wire` of the protocol has them.
const kindOf = { ready: 1, unusable: 2, returned: 3, failed: 4, spoiled: 5, log: 6 } as const;
const [callKind, abortKind] = [1, 2];
const bundleBytesMax = 65_536;
const fullPipeWaitMs = 0.2;

const endSelf = process.kill.bind(process, process.pid);
const neverChanges = new Int32Array(new SharedArrayBuffer(4));
let unsent: Buffer[] = [];
let isFlushDue = false;

/**
 * Writes everything before it returns, because the code may end the process next. The process waits
 * while the pipe is full.
 */
function flush(): void {
  isFlushDue = false;
  if (unsent.length === 0) return;
  const bytes = Buffer.concat(unsent);
  unsent = [];
  for (let at = 0; at < bytes.length; )
    try {
      at += writeSync(channelFd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return void endSelf('SIGKILL');
      Atomics.wait(neverChanges, 0, 0, fullPipeWaitMs);
    }
}

/** Sends a message at once, after all earlier ones. */
function send(message: FromInstance): void {
  unsent.push(frameOf(message));
  flush();
}

/** Batches the results of one event-loop tick into one write. A large result is sent at once. */
function sendSoon(message: Extract<FromInstance, { kind: 'returned' }>): void {
  if (message.payload.length > bundleBytesMax) return send(message);
  unsent.push(frameOf(message));
  if (isFlushDue) return;
  isFlushDue = true;
  setImmediate(flush);
}

function frameOf(message: FromInstance): Buffer {
  switch (message.kind) {
    case 'ready':
    case 'spoiled':
      return frame(message.kind, []);
    case 'unusable':
      return frame(message.kind, errorFields(message.error));
    case 'returned':
      return frame(message.kind, [answerFields(message, message.isLeftOut ? 1 : 0), message.payload]);
    case 'failed': {
      const flags = (message.isHandled ? 1 : 0) | (message.isRetryable ? 2 : 0);
      return frame(message.kind, [answerFields(message, flags), ...errorFields(message.error)]);
    }
    case 'log': {
      const id = Buffer.alloc(4);
      id.writeUInt32BE(message.id);
      return frame(message.kind, [id, Buffer.from(message.text)]);
    }
    default:
      return message satisfies never;
  }
}

function frame(kind: keyof typeof kindOf, body: readonly Buffer[]): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.reduce((bytes, part) => bytes + part.length, 1));
  prefix.writeUInt8(kindOf[kind], 4);
  return Buffer.concat([prefix, ...body]);
}

function answerFields({ id, memoryBytes }: { readonly id: number; readonly memoryBytes: number }, flags: number): Buffer {
  const fields = Buffer.alloc(13);
  fields.writeUInt32BE(id);
  fields.writeDoubleBE(memoryBytes, 4);
  fields.writeUInt8(flags, 12);
  return fields;
}

function errorFields({ errorType, errorMessage, stackTrace }: ErrorDocument): Buffer[] {
  return [errorType, errorMessage, stackTrace.join('\n')].flatMap((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
}

/** Reads frames of the executor, and calls back with the kind and the body of each. */
function readFrames(onFrame: (kind: number, body: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let wantedBytes = 4;
  return (chunk) => {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < wantedBytes) return;
    let bytes = held.length === 1 ? chunk : Buffer.concat(held);
    for (;;) {
      wantedBytes = bytes.length < 4 ? 4 : 4 + bytes.readUInt32BE();
      if (bytes.length < wantedBytes) break;
      onFrame(bytes.readUInt8(4), bytes.subarray(5, wantedBytes));
      bytes = bytes.subarray(wantedBytes);
    }
    held = [bytes];
    heldBytes = bytes.length;
  };
}

function callOf(body: Buffer): Call {
  const text = (at: number) => body.toString('utf8', at + 4, at + 4 + body.readUInt32BE(at));
  const aliasAt = 20 + body.readUInt32BE(16);
  return {
    id: body.readUInt32BE(),
    deadlineAt: body.readDoubleBE(4),
    responseBytesMax: body.readUInt32BE(12),
    requestId: text(16),
    alias: text(aliasAt),
    payload: body.subarray(aliasAt + 4 + body.readUInt32BE(aliasAt)),
  };
}

process.on('exit', flush);
// The permission model does not cover signals: code may send them to its own process only.
const kill = (pid: number, signal?: string | number): true => {
  if (pid !== process.pid) throw Object.assign(new Error('a function may signal itself only'), { code: 'ERR_ACCESS_DENIED' });
  return endSelf(signal);
};
Object.defineProperty(process, 'kill', { value: kill });

const logBytesMax = 65_536;

interface Running {
  readonly id: number;
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
  // The cut may leave half of a surrogate pair at the end.
  send({ kind: 'log', id: request?.id ?? 0, text: text.slice(0, logBytesMax).replace(/[\ud800-\udbff]$/, '') });
  return true;
}
process.stdout.write = (chunk: unknown, ...rest: unknown[]) => {
  const written = capture(chunk);
  const callback = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
  callback?.();
  return written;
};
process.stderr.write = process.stdout.write;

const messageLengthMax = 32_768;
const frameLengthMax = 1_024;

/** A text unchanged; any other value as `util.inspect` shows it. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value);
}

/**
 * Stack frames show paths relative to the function's code folder. Absolute paths of this host and
 * frames of this program are stripped.
 */
function read(error: unknown): ErrorDocument {
  if (!(error instanceof Error)) return cut({ errorMessage: wordsOf(error), errorType: typeof error, stackTrace: [] });
  const stackTrace = textOf(error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes(import.meta.url) && !line.includes('node:internal'))
    .slice(0, 11)
    .map((line) => line.trim().replaceAll(`${setup.codeDir}/`, '').slice(0, frameLengthMax));
  return cut({ errorMessage: textOf(error.message), errorType: textOf(error.name), stackTrace });
}

/** Cuts texts so that the document fits into a frame. The executor cuts them to its own bounds. */
function cut({ errorMessage, errorType, stackTrace }: ErrorDocument): ErrorDocument {
  return { errorMessage: errorMessage.slice(0, messageLengthMax), errorType: errorType.slice(0, frameLengthMax), stackTrace };
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

async function answer(handler: Handler, call: Call): Promise<void> {
  const { id, requestId } = call;
  const request: Running = { id, controller: new AbortController(), logBytes: 0 };
  running.set(id, request);
  try {
    const context = contextOf(requestId, call.deadlineAt, call.alias, request.controller.signal);
    const value = await current.run(request, async () => invoke(handler, JSON.parse(call.payload.toString('utf8')), context));
    const text = JSON.stringify(value) ?? '';
    // A call that an uncaught error has failed is answered already.
    if (!running.delete(id)) return;
    const isLeftOut = Buffer.byteLength(text) > call.responseBytesMax;
    sendSoon({ kind: 'returned', id, memoryBytes: memoryBytes(), isLeftOut, payload: Buffer.from(isLeftOut ? '' : text) });
  } catch (thrown) {
    const isHandled = Reported.is(thrown);
    const error = isHandled ? thrown.error : thrown;
    if (running.delete(id)) send(failure(id, error, isHandled));
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

let handler: Handler | undefined;
const channel = new Socket({ fd: channelFd, readable: true, writable: false });
channel.on(
  'data',
  readFrames((kind, body) => {
    if (kind === callKind && handler !== undefined) void answer(handler, callOf(body));
    else if (kind === abortKind) running.get(body.readUInt32BE())?.controller.abort();
  }),
);
channel.on('error', () => endSelf('SIGKILL'));
channel.on('close', () => endSelf('SIGKILL'));

try {
  handler = await initialise();
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'unusable', error: documentOf(Reported.is(error) ? error.error : error) });
}
