import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { type Clock, systemClock, type Timer } from '#platform';
import { encodeFrame, FrameReader } from './frames.ts';
import { OutputBudget } from './output-budget.ts';
import type { FunctionProcess, ProcessListener } from './process-launcher.ts';
import type { FromInstance, ToInstance } from './protocol.ts';

/** The process counts as behind while it has not read this much, in bytes. */
const unreadBytesMax = 1_048_576;
/** The longest time from the end of the process until everything that it wrote is read. */
const lastWordsMs = 1_000;
/** The longest time from the end of the channel until the process must have ended. */
const exitGraceMs = 200;

/**
 * A process that exchanges frames with the executor over file descriptor 3.
 *
 * A process that writes much is slowed down: beyond its budget the executor does not read, so the
 * process blocks on a full pipe. Answers to calls are outside the budget.
 */
export class FramedProcess implements FunctionProcess {
  private readonly channel: Socket;
  private readonly budget: OutputBudget;
  private listener: ProcessListener | undefined;
  private pauseTimer: Timer | undefined;
  private hasExited = false;
  private hasEnded = false;

  /** @param child a process with pipes at the file descriptors 1, 2 and 3. */
  constructor(
    private readonly child: ChildProcess,
    private readonly clock: Clock = systemClock,
  ) {
    this.budget = new OutputBudget(clock.elapsedMs());
    const channel = child.stdio[3];
    // A process that could not be started may have no pipes.
    this.channel = channel instanceof Socket ? channel : new Socket();
    // A message that cannot be sent is lost with the process, and onEnd tells the instance.
    this.channel.on('error', () => undefined);
    child.on('error', () => undefined);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get isBehind(): boolean {
    return this.channel.writableLength > unreadBytesMax;
  }

  send(message: ToInstance): void {
    if (!this.channel.writable) return;
    // The frames of one tick leave in one write.
    if (this.channel.writableCorked === 0) {
      this.channel.cork();
      process.nextTick(() => this.channel.uncork());
    }
    for (const part of encodeFrame(message)) this.channel.write(part);
  }

  listen(listener: ProcessListener): void {
    this.listener = listener;
    const reader = new FrameReader({
      answerBytesMax: (id) => listener.answerBytesMax(id),
      onMessage: (message) => this.onMessage(message, listener),
    });
    this.channel.on('data', (chunk) => {
      if (reader.push(chunk)) return;
      this.channel.removeAllListeners('data').destroy();
      listener.onBreach();
    });
    this.channel.on('drain', () => listener.onDrain());
    // A process that has closed its end can answer nothing more. One that ends tells its exit code
    // soon after.
    this.channel.on('close', () => this.clock.setTimer(exitGraceMs, () => this.kill()));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      const decoder = new StringDecoder('utf8');
      stream?.on('data', (chunk: Buffer) => {
        this.spend(chunk.length);
        listener.onOutput(decoder.write(chunk));
      });
    }
    this.child.once('exit', (code, signal) => this.onExit(signal ?? `exit code ${code}`));
    // A process that could not be started never exits.
    if (this.child.pid === undefined) this.child.once('error', (error) => this.end(error.message));
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private onMessage(message: FromInstance, listener: ProcessListener): boolean {
    if (message.kind === 'log') this.spend(message.text.length);
    return listener.onMessage(message);
  }

  private spend(bytes: number): void {
    const pauseMs = this.budget.spend(bytes, this.clock.elapsedMs());
    if (pauseMs === 0 || this.pauseTimer !== undefined || this.hasExited) return;
    for (const stream of this.streams()) stream.pause();
    this.pauseTimer = this.clock.setTimer(pauseMs, () => this.resume());
  }

  private resume(): void {
    this.pauseTimer?.cancel();
    this.pauseTimer = undefined;
    for (const stream of this.streams()) stream.resume();
  }

  private streams() {
    return [this.channel, this.child.stdout, this.child.stderr].filter((stream) => stream !== null);
  }

  /** The pipes may still hold what the process wrote last, at most as much as a pipe holds. */
  private onExit(how: string): void {
    this.hasExited = true;
    this.resume();
    const timer = this.clock.setTimer(lastWordsMs, () => this.end(how));
    this.child.once('close', () => {
      timer.cancel();
      this.end(how);
    });
  }

  private end(how: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.pauseTimer?.cancel();
    for (const stream of this.streams()) stream.destroy();
    this.listener?.onEnd(how);
  }
}
