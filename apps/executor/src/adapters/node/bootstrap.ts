/**
 * The program of a Node.js instance: it loads the user's code, then answers calls until its parent
 * ends.
 *
 * It imports nothing of the platform, so that the permission model can forbid reading those files.
 * It also runs from source, because Node strips the types.
 */
import './disarm.ts';
import type { FromInstance, InstanceSetup } from '../process-runtime/protocol.ts';
import { type Call, flush, listen, send, sendSoon } from './bootstrap-channel.ts';
import { contextOf } from './bootstrap-context.ts';
import { captureEnds, exitCalled } from './bootstrap-ends.ts';
import { describe, documentOf, exited, isRetryable } from './bootstrap-errors.ts';
import { type Handler, invoke, load, Reported } from './bootstrap-handlers.ts';
import { captureOutput, current, flushOutput, Output, outputOf, running, type Running } from './bootstrap-output.ts';

const setup = JSON.parse(process.env['SENDOFF_INSTANCE'] ?? '{}') as InstanceSetup;
delete process.env['SENDOFF_INSTANCE'];

process.on('exit', () => {
  flushOutput();
  flush();
});
captureOutput();

const memoryAgeMaxMs = 10;
let memory = { bytes: 0, at: 0 };

/**
 * Resident memory of the process. Reading it takes 20 us. If several calls run at once, the value
 * belongs to none of them, so it may be 10 ms old.
 */
function memoryBytes(): number {
  const now = performance.now();
  if (running.size > 1 && now - memory.at <= memoryAgeMaxMs) return memory.bytes;
  try {
    memory = { bytes: process.memoryUsage.rss(), at: now };
  } catch {
    // The code has opened all the files that it may: the last value must do.
  }
  return memory.bytes;
}

function failure(id: number, error: unknown, isHandled: boolean): FromInstance {
  const document = documentOf(error, setup.codeDir);
  return { kind: 'failed', id, error: document, isHandled, isRetryable: isRetryable(error), memoryBytes: memoryBytes() };
}

/** Fails a call. Its log gets the error with its stack and its causes, once. */
function fail({ id, output }: Running, error: unknown, isHandled: boolean): void {
  output.print(`${describe(error, setup.codeDir)}\n`);
  send(failure(id, error, isHandled));
}

async function answer(handler: Handler, call: Call): Promise<void> {
  const { id } = call;
  const request: Running = { id, controller: new AbortController(), output: new Output(id) };
  running.set(id, request);
  try {
    const context = contextOf(setup, call, request.controller.signal);
    const value = await current.run(request, async () => invoke(handler, JSON.parse(call.payload.toString('utf8')), context));
    const text = JSON.stringify(value) ?? '';
    // A call that an uncaught error has failed is answered already.
    if (!running.delete(id)) return;
    request.output.flush();
    const isLeftOut = Buffer.byteLength(text) > call.responseBytesMax;
    sendSoon({ kind: 'returned', id, memoryBytes: memoryBytes(), isLeftOut, payload: Buffer.from(isLeftOut ? '' : text) });
  } catch (thrown) {
    const isHandled = Reported.is(thrown);
    const error = isHandled ? thrown.error : thrown;
    if (running.delete(id)) fail(request, error, isHandled);
  }
}

async function initialise(): Promise<Handler> {
  const handler = await load(setup.handler, setup.codeDir);
  if (setup.initializer === undefined) return handler;
  const { handler: name, timeoutMs } = setup.initializer;
  const initializer = await load(name, setup.codeDir);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the initializer ran longer than ${timeoutMs} ms`)), timeoutMs);
  });
  const call = { requestId: '', timeoutMs, alias: '' };
  await Promise.race([invoke(initializer, contextOf(setup, call, new AbortController().signal)), late]);
  clearTimeout(timer);
  return handler;
}

let isSpoiled = false;
/** The instance gets no more calls. Those that run go on. */
function spoil(): void {
  if (isSpoiled) return;
  isSpoiled = true;
  send({ kind: 'spoiled' });
}

/**
 * An error that no code has caught fails the call that caused it, if that call still runs.
 * Otherwise the error only goes to the log of that call. Other calls are not to blame.
 */
function onStrayError(error: unknown): void {
  if (error === exitCalled) return;
  if (handler === undefined) return refuse(error);
  const owner = current.getStore();
  if (owner !== undefined && running.delete(owner.id)) fail(owner, error, false);
  else outputOf(owner).print(`${describe(error, setup.codeDir)}\n`);
  spoil();
}
/** A call whose code ended the process fails. Others go on; the process takes no more calls. */
function onEnd(how: string, owner: Running | undefined): void {
  if (owner !== undefined && running.delete(owner.id)) {
    owner.output.flush();
    send(failure(owner.id, exited(how), false));
  } else if (how !== 'exit code 0') outputOf(owner).print(`the code tried to end its process (${how})\n`);
  spoil();
}
captureEnds({ isServing: () => handler !== undefined, isSpoiled: () => isSpoiled, onStrayError, onEnd });

/** Tells the executor why the code cannot be used. */
function refuse(error: unknown): void {
  if (isRefused) return;
  isRefused = true;
  const reason = Reported.is(error) ? error.error : error;
  send({ kind: 'unusable', error: documentOf(reason, setup.codeDir), description: describe(reason, setup.codeDir) });
}

let isRefused = false;
let handler: Handler | undefined;
listen({
  onCall: (call) => {
    if (handler !== undefined) void answer(handler, call);
  },
  onAbort: (id) => {
    const request = running.get(id);
    request?.output.flush();
    request?.controller.abort();
  },
});

try {
  const loaded = await initialise();
  if (!isRefused) {
    handler = loaded;
    send({ kind: 'ready' });
  }
} catch (error) {
  refuse(error);
}
