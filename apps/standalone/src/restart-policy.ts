import { PlatformError } from '#contracts';
import { type Clock, isLackOfSystem } from '#platform';

const waitMs = { first: 250, max: 10_000 } as const;
const stableAfterMs = 30_000;
const startsMin = 3;
const startPatienceMs = 30_000;

/** Writes a line for the operator. */
export type Announce = (line: string) => void;

/**
 * When a part of the installation that has ended is started again. The wait doubles from 250 ms to
 * 10 s. It starts at 250 ms again after the part has run for 30 s.
 */
export class RestartPolicy {
  private nextWaitMs: number = waitMs.first;
  private firstStartAt: number | undefined;
  private startedAt = 0;
  private starts = 0;

  /** @param patienceMs how long a part may fail to start for the first time. Default 30 s. */
  constructor(
    private readonly clock: Clock,
    private readonly patienceMs = startPatienceMs,
  ) {}

  /** To be called at each start. */
  started(): void {
    this.startedAt = this.clock.elapsedMs();
    this.firstStartAt ??= this.startedAt;
    this.starts++;
  }

  /** True if enough starts have failed for long enough, for a part that was never ready. */
  get isHopeless(): boolean {
    return this.starts >= startsMin && this.clock.elapsedMs() - (this.firstStartAt ?? 0) >= this.patienceMs;
  }

  /** To be called when a start failed for a lack outside of the part: it does not count. */
  lacked(): void {
    this.starts = 0;
    this.firstStartAt = undefined;
  }

  /** To be called when the part has ended. @returns the wait before the next start, in ms. */
  ended(): number {
    if (this.clock.elapsedMs() - this.startedAt >= stableAfterMs) this.nextWaitMs = waitMs.first;
    const current = this.nextWaitMs;
    this.nextWaitMs = Math.min(waitMs.max, current * 2);
    return current;
  }
}

/** The clock of a step of the start, and the operator who hears of its failures. */
export interface StartContext {
  readonly clock: Clock;
  readonly announce: Announce;
  /** Says what the installation lacks, e.g. room on its disk. Empty if nothing is known. */
  readonly lacks: () => Promise<string>;
  /** Called when a step of the start waits for its next try, with what failed and is missing. */
  readonly waits: (reason: string) => void;
}

/** A failure for the operator: what happened, what is missing, and when the next try is. */
export function failureText(reason: string, lacks: string, nextInMs: number): string {
  return `${withLack(reason, lacks)}; trying again in ${nextInMs / 1_000} s`;
}

/** A failure, and what is missing, if that is known. */
export function withLack(reason: string, lacks: string): string {
  return lacks === '' ? reason : `${reason}; ${lacks}`;
}

/** True for failures that may pass: those of the broker's start, and a full disk. */
function mayPass(error: unknown): boolean {
  if (error instanceof PlatformError) return error.code === 'BROKER_START_FAILED' || error.code === 'BROKER_UNAVAILABLE';
  return isLackOfSystem(error);
}

/**
 * Makes a step of the start, again and again if it fails. Gives up after several tries, unless it
 * is known what is missing: somebody may make room on the disk.
 * @throws the error of the last try, or the first error that cannot pass.
 */
export async function tryToStart<T>(step: () => Promise<T>, { clock, announce, lacks, waits }: StartContext): Promise<T> {
  const policy = new RestartPolicy(clock);
  for (;;) {
    policy.started();
    try {
      return await step();
    } catch (error) {
      const lack = await lacks();
      if (!mayPass(error) || (policy.isHopeless && lack === '')) throw error;
      const nextInMs = policy.ended();
      const { message } = error as Error;
      announce(failureText(message, lack, nextInMs));
      waits(withLack(message, lack));
      await new Promise<void>((resolve) => clock.setTimer(nextInMs, resolve));
    }
  }
}
