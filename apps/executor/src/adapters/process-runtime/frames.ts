/**
 * The executor's end of the channel to an instance: it writes frames, and reads what the process
 * sends.
 *
 * C1. Nothing that is read is trusted, because function code can write to the channel. The reader
 *     throws at nothing, and never goes on after a malformed frame.
 * C2. The reader checks the length of a frame against the bound of its kind before it reserves
 *     memory. The bound of an answer is that of its call, so a frame for no call gets no memory.
 * C3. The reader holds at most one frame. It copies what it keeps, so that chunks of one byte cost
 *     no more than others.
 */
import { type ErrorDocument, type FromInstance, textBytesMax, type ToInstance, wire } from './protocol.ts';

/** Payloads up to this size are copied into their frame, in bytes: one buffer costs one write. */
const copiedBytesMax = 16_384;

/** Encodes a message as the buffers of one frame. */
export function encodeFrame(message: ToInstance): readonly Buffer[] {
  switch (message.kind) {
    case 'call': {
      const { id, timeoutMs, responseBytesMax, requestId, alias, payload } = message;
      const requestBytes = Buffer.byteLength(requestId);
      const aliasBytes = Buffer.byteLength(alias);
      const headBytes = 4 + 1 + 4 + 8 + 4 + 4 + requestBytes + 4 + aliasBytes;
      const isCopied = payload.length <= copiedBytesMax;
      const frame = Buffer.allocUnsafe(headBytes + (isCopied ? payload.length : 0));
      let at = frame.writeUInt32BE(headBytes - 4 + payload.length, 0);
      at = frame.writeUInt8(wire.toInstance.call, at);
      at = frame.writeUInt32BE(id, at);
      at = frame.writeDoubleBE(timeoutMs, at);
      at = frame.writeUInt32BE(responseBytesMax, at);
      at = frame.writeUInt32BE(requestBytes, at);
      at += frame.write(requestId, at);
      at = frame.writeUInt32BE(aliasBytes, at);
      at += frame.write(alias, at);
      if (!isCopied) return [frame, payload];
      payload.copy(frame, at);
      return [frame];
    }
    case 'abort': {
      const frame = Buffer.allocUnsafe(9);
      frame.writeUInt32BE(5, 0);
      frame.writeUInt8(wire.toInstance.abort, 4);
      frame.writeUInt32BE(message.id, 5);
      return [frame];
    }
    default:
      return message satisfies never;
  }
}

/** Receives what a {@link FrameReader} reads. */
export interface FrameListener {
  /**
   * The largest return value that call `id` may have, in bytes. Returns undefined if the process
   * owes no answer to such a call.
   */
  answerBytesMax(id: number): number | undefined;
  /** @returns false if the process may not send this message now. */
  onMessage(message: FromInstance): boolean;
}

/** Bytes of a frame before its body: length and kind. */
const prefixBytes = 5;
/** Bytes until the id of an answer ends. */
const answerPrefixBytes = 9;
/** Bytes of an answer between its id and its payload or its error. */
const answerFieldsBytes = 9;

/** Reads frames of an instance from chunks of any size. */
export class FrameReader {
  private readonly prefix = Buffer.alloc(answerPrefixBytes);
  private prefixLength = 0;
  /** The body of the frame that has begun, behind its prefix. */
  private body: Buffer | undefined;
  private bodyLength = 0;
  private isBroken = false;

  constructor(private readonly listener: FrameListener) {}

  /**
   * Reads a chunk, and hands on each message that it completes.
   * @returns false once a frame was malformed or not allowed. The rest is not read.
   */
  push(chunk: Buffer): boolean {
    let at = 0;
    while (!this.isBroken && at < chunk.length)
      at += this.body === undefined ? this.readPrefix(chunk, at) : this.readBody(chunk, at);
    return !this.isBroken;
  }

  /** @returns the number of bytes that it took. */
  private readPrefix(chunk: Buffer, at: number): number {
    const wanted = this.prefixWanted();
    const taken = chunk.copy(this.prefix, this.prefixLength, at, at + wanted - this.prefixLength);
    this.prefixLength += taken;
    // The kind, once read, may call for a longer prefix.
    if (this.prefixLength < this.prefixWanted()) return taken;
    const bodyBytes = this.prefix.readUInt32BE(0) + 4 - this.prefixLength;
    if (bodyBytes < 0 || !(bodyBytes <= this.bodyBytesMax())) return this.break(taken);
    this.body = Buffer.allocUnsafe(bodyBytes);
    this.bodyLength = 0;
    if (bodyBytes === 0) this.finish(this.body);
    return taken;
  }

  private prefixWanted(): number {
    if (this.prefixLength < prefixBytes) return prefixBytes;
    return isAnswer(this.prefix.readUInt8(4)) ? answerPrefixBytes : prefixBytes;
  }

  /** C2. NaN allows nothing. */
  private bodyBytesMax(): number {
    const kind = this.prefix.readUInt8(4);
    const kinds = wire.fromInstance;
    if (kind === kinds.ready || kind === kinds.spoiled) return 0;
    if (kind === kinds.unusable) return textBytesMax;
    if (kind === kinds.log) return 4 + textBytesMax;
    if (!isAnswer(kind)) return Number.NaN;
    const answerBytesMax = this.listener.answerBytesMax(this.prefix.readUInt32BE(prefixBytes));
    if (answerBytesMax === undefined) return Number.NaN;
    return answerFieldsBytes + (kind === kinds.failed ? textBytesMax : answerBytesMax);
  }

  /** @returns the number of bytes that it took. */
  private readBody(chunk: Buffer, at: number): number {
    const { body } = this;
    if (body === undefined) return 0;
    const taken = chunk.copy(body, this.bodyLength, at);
    this.bodyLength += taken;
    if (this.bodyLength === body.length) this.finish(body);
    return taken;
  }

  private finish(body: Buffer): void {
    const message = decode(this.prefix, new Fields(body));
    this.body = undefined;
    this.prefixLength = 0;
    if (message === undefined || !this.listener.onMessage(message)) this.isBroken = true;
  }

  private break(taken: number): number {
    this.isBroken = true;
    return taken;
  }
}

function isAnswer(kind: number): boolean {
  return kind === wire.fromInstance.returned || kind === wire.fromInstance.failed;
}

/** @returns undefined if the body does not have the form of its kind. */
function decode(prefix: Buffer, fields: Fields): FromInstance | undefined {
  const message = read(prefix, fields);
  return fields.isComplete ? message : undefined;
}

function read(prefix: Buffer, fields: Fields): FromInstance | undefined {
  const kind = prefix.readUInt8(4);
  switch (kind) {
    case wire.fromInstance.ready:
      return { kind: 'ready' };
    case wire.fromInstance.spoiled:
      return { kind: 'spoiled' };
    case wire.fromInstance.unusable:
      return { kind: 'unusable', error: fields.error(), description: fields.text() };
    case wire.fromInstance.returned: {
      const id = prefix.readUInt32BE(prefixBytes);
      const memoryBytes = fields.bytesCount();
      const isLeftOut = fields.flags(1) === 1;
      return { kind: 'returned', id, memoryBytes, isLeftOut, payload: fields.rest() };
    }
    case wire.fromInstance.failed: {
      const id = prefix.readUInt32BE(prefixBytes);
      const memoryBytes = fields.bytesCount();
      const flags = fields.flags(wire.isHandled | wire.isRetryable);
      const isHandled = (flags & wire.isHandled) !== 0;
      const isRetryable = (flags & wire.isRetryable) !== 0;
      return { kind: 'failed', id, memoryBytes, isHandled, isRetryable, error: fields.error() };
    }
    case wire.fromInstance.log:
      return { kind: 'log', id: fields.u32(), text: fields.rest().toString('utf8') };
    default:
      return undefined;
  }
}

/** Reads the fields of a body in order. A field that is missing or wrong makes it incomplete. */
class Fields {
  private at = 0;
  private isWrong = false;

  constructor(private readonly body: Buffer) {}

  /** True if every field was right, and nothing is left. */
  get isComplete(): boolean {
    return !this.isWrong && this.at === this.body.length;
  }

  u32(): number {
    return this.take(4)?.readUInt32BE(0) ?? 0;
  }

  /** A number of bytes: whole, from 0. */
  bytesCount(): number {
    const value = this.take(8)?.readDoubleBE(0) ?? 0;
    if (Number.isSafeInteger(value) && value >= 0) return value;
    this.isWrong = true;
    return 0;
  }

  /** @param known the bits that may be set. */
  flags(known: number): number {
    const value = this.take(1)?.readUInt8(0) ?? 0;
    if ((value & ~known) !== 0) this.isWrong = true;
    return value;
  }

  error(): ErrorDocument {
    const errorType = this.text();
    const errorMessage = this.text();
    const stack = this.text();
    return { errorType, errorMessage, stackTrace: stack === '' ? [] : stack.split('\n') };
  }

  rest(): Buffer {
    const rest = this.body.subarray(this.at);
    this.at = this.body.length;
    return rest;
  }

  text(): string {
    return this.take(this.u32())?.toString('utf8') ?? '';
  }

  private take(length: number): Buffer | undefined {
    if (this.isWrong || this.body.length - this.at < length) {
      this.isWrong = true;
      return undefined;
    }
    this.at += length;
    return this.body.subarray(this.at - length, this.at);
  }
}
