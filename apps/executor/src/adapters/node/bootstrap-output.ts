/** The running calls of the instance, and what their code prints. */
import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { StringDecoder } from 'node:string_decoder';
import { send } from './bootstrap-channel.ts';

/** Output that is sent at once, and the largest piece that is kept of more, in characters. */
const headLengthMax = 32_768;
const tailLengthMax = 32_768;
/** Output beyond the head is sent at most this often, in milliseconds. */
const tailEveryMs = 500;

/**
 * The output of one call. Its beginning is sent at once. Of more, the end of each half second is
 * sent, with a line that says how much was cut.
 */
export class Output {
  private readonly id: number;
  private headLength = 0;
  private tail: string[] = [];
  private tailLength = 0;
  private cutLength = 0;
  private timer: NodeJS.Timeout | undefined;
  private begunAt = 0;
  private readonly decoder = new StringDecoder('utf8');

  /** @param id the number of the call; 0 for output of no call. */
  constructor(id: number) {
    this.id = id;
  }

  /** @param chunk text, or a piece of it that may end within a character. */
  write(chunk: string | Uint8Array): void {
    const text =
      typeof chunk === 'string' ? chunk : this.decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const head = text.slice(0, headLengthMax - this.headLength);
    this.headLength += head.length;
    this.send(head);
    if (head.length < text.length) this.keep(text.slice(head.length));
  }

  /** Sends a text of the platform after everything that is kept, and in full. */
  print(text: string): void {
    this.flush();
    this.send(text);
  }

  /** Sends what is kept. Called before the call is answered, and before the process ends. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const tail = this.tail.join('');
    const isCut = tail.length > tailLengthMax;
    const cut = this.cutLength + (isCut ? tail.length - tailLengthMax : 0);
    this.tail = [];
    this.tailLength = 0;
    this.cutLength = 0;
    if (cut > 0) this.send(`\n[${cut} characters of output were cut here]\n`);
    this.send(isCut ? tail.slice(-tailLengthMax) : tail);
  }

  private keep(text: string): void {
    if (this.timer === undefined) {
      this.begunAt = performance.now();
      this.timer = setTimeout(() => this.flush(), tailEveryMs).unref();
    }
    this.tail.push(text);
    this.tailLength += text.length;
    while (this.tailLength - (this.tail[0]?.length ?? 0) > tailLengthMax) {
      const length = this.tail.shift()?.length ?? 0;
      this.tailLength -= length;
      this.cutLength += length;
    }
    // Timers do not run while the code does not yield.
    if (performance.now() - this.begunAt > tailEveryMs) this.flush();
  }

  private send(text: string): void {
    if (text !== '') send({ kind: 'log', id: this.id, text });
  }
}

/** A call that runs in this instance. */
export interface Running {
  readonly id: number;
  readonly controller: AbortController;
  readonly output: Output;
}

/** The call whose code runs now, or whose code started it. */
export const current = new AsyncLocalStorage<Running>();
/** The calls that run now, by number. */
export const running = new Map<number, Running>();
const outputOfNoCall = new Output(0);

/** The output of a call, or of no call. */
export function outputOf(owner: Running | undefined): Output {
  return owner?.output ?? outputOfNoCall;
}

/** The call whose code prints. Some code loses its context: if one call runs, it is that call. */
function printing(): Running | undefined {
  return current.getStore() ?? (running.size === 1 ? [...running.values()][0] : undefined);
}

/** Sends the output that is kept for all calls. */
export function flushOutput(): void {
  for (const { output } of running.values()) output.flush();
  current.getStore()?.output.flush();
  outputOfNoCall.flush();
}

/** Sends what the code prints to the executor, instead of to stdout and stderr. */
export function captureOutput(): void {
  captureDescriptors();
  process.stdout.write = (chunk: unknown, ...rest: unknown[]) => {
    outputOf(printing()).write(chunk as string | Uint8Array);
    const callback = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    callback?.();
    return true;
  };
  process.stderr.write = process.stdout.write;
}

const outputDescriptors: readonly unknown[] = [1, 2];

/** The bytes that `fs.write` and its siblings are asked to write. */
function bytesToWrite(data: unknown, [given, second]: readonly unknown[]): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  const { offset, length } = typeof given === 'object' && given !== null ? (given as Range) : { offset: given, length: second };
  const from = typeof offset === 'number' ? offset : 0;
  return Buffer.from(buffer, byteOffset, byteLength).subarray(from, typeof length === 'number' ? from + length : undefined);
}

interface Range {
  readonly offset?: unknown;
  readonly length?: unknown;
}

/** Replaces a function of `fs`, and keeps the properties that `promisify` reads. */
function replace(name: 'write' | 'writeSync' | 'writev' | 'writevSync', by: (...args: unknown[]) => unknown): void {
  const original: object = fs[name];
  for (const symbol of Object.getOwnPropertySymbols(original))
    Object.defineProperty(by, symbol, Object.getOwnPropertyDescriptor(original, symbol) ?? {});
  Object.assign(fs, { [name]: by });
}

/**
 * Some loggers, as pino, write to the file descriptors of stdout and stderr. Bytes that come over
 * these belong to no call, so they are taken here.
 */
function captureDescriptors(): void {
  const { write, writeSync, writevSync, writev } = fs;
  const take = (bytes: Buffer): number => {
    outputOf(printing()).write(bytes);
    return bytes.length;
  };
  const isOutput = (fd: unknown) => outputDescriptors.includes(fd);
  const takeAll = (parts: readonly unknown[]) => parts.reduce<number>((sum, part) => sum + take(bytesToWrite(part, [])), 0);
  const answer = (rest: readonly unknown[], bytes: number, data: unknown) =>
    process.nextTick(rest.findLast((one) => typeof one === 'function') as (...args: unknown[]) => void, null, bytes, data);
  replace('writeSync', (fd, data, ...rest) =>
    isOutput(fd) ? take(bytesToWrite(data, rest)) : Reflect.apply(writeSync, fs, [fd, data, ...rest]),
  );
  replace('writevSync', (fd, parts, ...rest) =>
    isOutput(fd) ? takeAll(parts as unknown[]) : Reflect.apply(writevSync, fs, [fd, parts, ...rest]),
  );
  replace('write', (fd, data, ...rest) =>
    isOutput(fd) ? answer(rest, take(bytesToWrite(data, rest)), data) : Reflect.apply(write, fs, [fd, data, ...rest]),
  );
  replace('writev', (fd, parts, ...rest) =>
    isOutput(fd) ? answer(rest, takeAll(parts as unknown[]), parts) : Reflect.apply(writev, fs, [fd, parts, ...rest]),
  );
  syncBuiltinESMExports();
}
