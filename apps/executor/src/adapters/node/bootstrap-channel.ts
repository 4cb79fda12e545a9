/**
 * The instance's end of the channel to the executor.
 *
 * It imports nothing of the platform, as the whole bootstrap.
 */
import fs from 'node:fs';
import { Socket } from 'node:net';
import type { ErrorDocument, FromInstance, ToInstance } from '../process-runtime/protocol.ts';

/** A call as the instance gets it. */
export type Call = Omit<Extract<ToInstance, { kind: 'call' }>, 'kind'>;

const channelFd = 3;
/** The function of the start: `fs` is changed later, by this program and by the function. */
const { writeSync } = fs;
// The numbers of the wire format, as `wire` of the protocol has them.
const kindOf = { ready: 1, unusable: 2, returned: 3, failed: 4, spoiled: 5, log: 6 } as const;
const [callKind, abortKind] = [1, 2];
const bundleBytesMax = 65_536;
const fullPipeWaitMs = 0.2;

/** Sends a signal to this process. It is the only signal that function code may send. */
export const endSelf = process.kill.bind(process, process.pid);
const neverChanges = new Int32Array(new SharedArrayBuffer(4));
let unsent: Buffer[] = [];
let isFlushDue = false;

/**
 * Writes everything that waits before it returns, because the code may end the process next. The
 * process waits while the pipe is full.
 */
export function flush(): void {
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
export function send(message: FromInstance): void {
  unsent.push(frameOf(message));
  flush();
}

/** Batches the results of one event-loop tick into one write. A large result is sent at once. */
export function sendSoon(message: Extract<FromInstance, { kind: 'returned' }>): void {
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
      return frame(message.kind, [...errorFields(message.error), ...textFields([message.description])]);
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
  return textFields([errorType, errorMessage, stackTrace.join('\n')]);
}

function textFields(texts: readonly string[]): Buffer[] {
  return texts.flatMap((text) => {
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
    timeoutMs: body.readDoubleBE(4),
    responseBytesMax: body.readUInt32BE(12),
    requestId: text(16),
    alias: text(aliasAt),
    payload: body.subarray(aliasAt + 4 + body.readUInt32BE(aliasAt)),
  };
}

/** Receives the messages of the executor. */
export interface ChannelListener {
  onCall(call: Call): void;
  onAbort(id: number): void;
}

/** Listens until the executor closes the channel. The process ends then. */
export function listen(listener: ChannelListener): void {
  const channel = new Socket({ fd: channelFd, readable: true, writable: false });
  channel.on(
    'data',
    readFrames((kind, body) => {
      if (kind === callKind) listener.onCall(callOf(body));
      else if (kind === abortKind) listener.onAbort(body.readUInt32BE());
    }),
  );
  channel.on('error', () => endSelf('SIGKILL'));
  channel.on('close', () => endSelf('SIGKILL'));
}
