import { getHeapStatistics } from 'node:v8';
import type { Clock } from './basics/clock.ts';
import { RepeatedWork } from './repeated-work.ts';

/** The memory and the CPU time of a process. */
export interface ProcessMemory {
  /** Memory of this process that lies in RAM, in bytes. */
  residentBytes(): number;
  /** Values in the heap of V8, with garbage that is not collected yet, in bytes. */
  usedBytes(): number;
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
    usedBytes: () => getHeapStatistics().used_heap_size,
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
/** The process stops for so long, if it holds nothing. */
const stopsMsMin = 50;
/** Values that V8 collects in one more millisecond: 486 MB took 760 ms, and 52 MB 99. */
const bytesPerStopMs = 500_000;
/** Values that make a stop too long: 450 ms. */
const usedBytesMax = 200_000_000;

/**
 * Gives memory back while the process is idle. V8 keeps the pages of its young generation, and
 * garbage of the start or of a flood, until it needs them. That was 15 to 35 MB in each service.
 * Giving them back stops the process for 60 to 90 ms, and for longer if it holds much. So it is
 * done only if no work is due for twice that time, and never with many values in the heap.
 * @see docs/adr/0044-idle-services-give-memory-back.md
 */
export class IdleMemory {
  private readonly looks: RepeatedWork;
  private cpuMs: number;
  private lookedAt: number;
  private gaveBackAt = Number.NEGATIVE_INFINITY;
  private leftBytes = 0;

  /** @param freeForMs tells how long no work is due, as far as the process knows. */
  constructor(
    private readonly memory: ProcessMemory,
    private readonly clock: Pick<Clock, 'elapsedMs' | 'setTimer'>,
    private readonly freeForMs: () => number = () => Number.POSITIVE_INFINITY,
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
    if (!this.mayStop()) return;
    memory.giveBack();
    this.gaveBackAt = now;
    this.leftBytes = memory.residentBytes();
  }

  private mayStop(): boolean {
    const usedBytes = this.memory.usedBytes();
    return usedBytes <= usedBytesMax && this.freeForMs() >= 2 * (stopsMsMin + usedBytes / bytesPerStopMs);
  }
}
