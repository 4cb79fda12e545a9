/** Something that takes calls and runs them later: Sendoff, or a peer. */
import type { CpuByProcess } from './process-cpu.ts';

/** The address that calls are posted to. */
export interface CallTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Times from the sending of an event to the start of its function, in milliseconds. */
export interface StartDelays {
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A contender that runs. */
export interface RunningContender {
  /** Calls of a function that does nothing. */
  readonly calls: CallTarget;
  /** Calls of a function that notes when it starts; the event tells in `t` when it was sent. */
  readonly timedCalls: CallTarget;
  /** Resolves when so many calls of {@link calls} have ended since the start. */
  untilEnded(calls: number): Promise<void>;
  /** The delays of the timed calls since the last question. */
  takeStartDelays(): Promise<StartDelays>;
  /** CPU seconds used so far by each process. */
  cpu(): Promise<CpuByProcess>;
  stop(): Promise<void>;
}

/** A contender that can be started, with data of its own each time. */
export interface Contender {
  readonly name: string;
  start(): Promise<RunningContender>;
}
