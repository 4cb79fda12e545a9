import type { Clock } from './basics/clock.ts';
import { RepeatedWork } from './repeated-work.ts';

/** The memory and the CPU time of a process. */
export interface ProcessMemory {
  /** Memory of this process that lies in RAM, in bytes. */
  residentBytes(): number;
  /** CPU time that this process has taken so far, in milliseconds. */
  cpuMs(): number;
  /** Collects all garbage, and gives free pages back to the system. */
  giveBack(): void;
}

/** Undefined if Node.js runs without `--expose-gc`. */
export function thisProcessMemory(): ProcessMemory | undefined {
  const { gc } = globalThis;
  if (gc === undefined) return undefined;
  return {
    residentBytes: () => process.memoryUsage.rss(),
    cpuMs() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
    giveBack: () => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
  };
}

/** Time between two looks, in milliseconds. */
const lookEveryMs = 5_000;
/** A process that took less of a core than this since the last look is idle. */
const idleShare = 0.05;
/** Memory is given back again only once it has grown by so much, in bytes. */
const worthBytes = 10_000_000;
/** Least time between two times, in milliseconds. */
const pauseMs = 300_000;

/**
 * Gives memory back while the process is idle. V8 keeps the pages of its young generation, and
 * garbage of the start or of a flood, until it needs them. That was 15 to 35 MB in each service.
 * Giving them back stops the process for 60 to 90 ms.
 * @see docs/adr/0044-idle-services-give-memory-back.md
 */
export class IdleMemory {
  private readonly looks: RepeatedWork;
  private cpuMs: number;
  private lookedAt: number;
  private gaveBackAt = Number.NEGATIVE_INFINITY;
  private leftBytes = 0;

  constructor(
    private readonly memory: ProcessMemory,
    private readonly clock: Pick<Clock, 'elapsedMs' | 'setTimer'>,
  ) {
    this.cpuMs = memory.cpuMs();
    this.lookedAt = clock.elapsedMs();
    this.looks = new RepeatedWork(clock, lookEveryMs, async () => this.look());
  }

  /** Looks again and again until {@link close}. */
  start(): void {
    this.looks.start();
  }

  close(): void {
    this.looks.close();
  }

  private look(): void {
    const { memory, clock } = this;
    const now = clock.elapsedMs();
    const cpuMs = memory.cpuMs();
    const isIdle = cpuMs - this.cpuMs < idleShare * (now - this.lookedAt);
    this.cpuMs = cpuMs;
    this.lookedAt = now;
    if (!isIdle || now - this.gaveBackAt < pauseMs || memory.residentBytes() < this.leftBytes + worthBytes) return;
    memory.giveBack();
    this.gaveBackAt = now;
    this.leftBytes = memory.residentBytes();
  }
}
