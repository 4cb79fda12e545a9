import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '#testing';
import { type Excess, InstanceWatch, type WatchedInstance } from './instance-watch.ts';
import type { FolderFacts, ProcessFacts, ProcessTable } from './process-table.ts';

const megabyte = 1_048_576;

/** Processes that a test makes up. */
class MadeUpTable implements ProcessTable {
  readonly processes = new Map<number, ProcessFacts>();
  tmp: FolderFacts = { bytes: 0, files: 0 };
  searches = 0;

  set(pid: number, parent: number, given: Partial<ProcessFacts> = {}): void {
    this.processes.set(pid, { pid, parent, startedAt: 1, residentBytes: megabyte, cpuMs: 0, threads: 1, ...given });
  }

  read(pid: number): ProcessFacts | undefined {
    return this.processes.get(pid);
  }

  all(): readonly ProcessFacts[] {
    this.searches++;
    return [...this.processes.values()];
  }

  childrenOf(pid: number): readonly ProcessFacts[] {
    return [...this.processes.values()].filter(({ parent }) => parent === pid);
  }

  tmpOf(): FolderFacts {
    return this.tmp;
  }

  async folder(): Promise<FolderFacts> {
    return this.tmp;
  }
}

describe('the watch of instances', () => {
  let table: MadeUpTable;
  let clock: ManualClock;
  let watch: InstanceWatch;
  let excesses: Excess[];
  const watched = (given: Partial<WatchedInstance> = {}): WatchedInstance => ({
    pid: 10,
    memoryBytesMax: 100 * megabyte,
    canFork: true,
    isBusy: () => true,
    onExcess: (excess) => excesses.push(excess),
    ...given,
  });

  beforeEach(() => {
    table = new MadeUpTable();
    table.set(10, 1);
    clock = new ManualClock();
    watch = new InstanceWatch(clock, table, () => 0);
    excesses = [];
  });

  it('ends an instance over its memory, and once', async () => {
    watch.add(watched());
    table.set(10, 1, { residentBytes: 100 * megabyte });
    await clock.advance(100);
    expect(excesses).toEqual([]);
    table.set(10, 1, { residentBytes: 100 * megabyte + 1 });
    await clock.advance(500);
    expect(excesses).toEqual(['memory']);
  });

  it.each([true, false])('counts memory whether a call runs or not: %s', async (isBusy) => {
    watch.add(watched({ isBusy: () => isBusy }));
    table.set(10, 1, { residentBytes: 200 * megabyte });
    await clock.advance(100);
    expect(excesses).toEqual(['memory']);
  });

  it('adds the memory of all processes below it, found within a second', async () => {
    watch.add(watched());
    await clock.advance(20_000);
    table.set(11, 10, { residentBytes: 60 * megabyte });
    table.set(12, 11, { residentBytes: 60 * megabyte });
    await clock.advance(1_100);
    expect(excesses).toEqual(['memory']);
  });

  it('finds processes of a young instance at each look', async () => {
    watch.add(watched({ canFork: false }));
    table.set(11, 10);
    table.set(12, 11, { residentBytes: 200 * megabyte });
    await clock.advance(100);
    expect([excesses, table.searches]).toEqual([['memory'], 0]);
  });

  it('still counts a process whose parent has ended', async () => {
    watch.add(watched());
    table.set(11, 10);
    table.set(12, 11);
    await clock.advance(1_100);
    table.processes.delete(11);
    table.set(12, 1, { residentBytes: 200 * megabyte });
    await clock.advance(1_100);
    expect(excesses).toEqual(['memory']);
  });

  it('does not take a later process with the same id for one of the instance', async () => {
    watch.add(watched());
    table.set(11, 10);
    await clock.advance(1_100);
    table.set(11, 1, { startedAt: 2, residentBytes: 200 * megabyte });
    await clock.advance(2_000);
    expect(excesses).toEqual([]);
  });

  it('ends an instance that uses 2 s of a CPU without a call', async () => {
    watch.add(watched({ isBusy: () => false }));
    const burn = async (seconds: number) => {
      for (let looks = 0; looks < seconds * 10; looks++) {
        table.set(10, 1, { cpuMs: (table.read(10)?.cpuMs ?? 0) + 100 });
        await clock.advance(100);
      }
    };
    await burn(2.1);
    expect(excesses).toEqual([]);
    await burn(0.1);
    expect(excesses).toEqual(['cpu']);
  });

  it.each([
    ['a call runs', true, 1_000],
    ['it uses less than 5 % of one', false, 49],
  ])('lets an instance use the CPU while %s', async (_what, isBusy, cpuMsPerSecond) => {
    watch.add(watched({ isBusy: () => isBusy }));
    for (let seconds = 1; seconds <= 30; seconds++) {
      table.set(10, 1, { cpuMs: seconds * cpuMsPerSecond });
      await clock.advance(1_000);
    }
    expect(excesses).toEqual([]);
  });

  it.each([
    ['bytes', { bytes: 11, files: 1 }],
    ['files', { bytes: 1, files: 6 }],
  ])('ends an instance with too many %s in its temporary folder', async (_what, tmp) => {
    const limits = { bytesMax: 10, filesMax: 5 };
    watch.add(watched({ tmpLimits: limits }));
    watch.add(watched({ tmpLimits: { ...limits, hostPath: '/somewhere' } }));
    table.tmp = { bytes: 10, files: 5 };
    await clock.advance(1_100);
    expect(excesses).toEqual([]);
    table.tmp = tmp;
    await clock.advance(1_100);
    expect(excesses).toEqual(['tmp', 'tmp']);
  });

  it('ends an instance with too many threads', async () => {
    watch.add(watched());
    table.set(10, 1, { threads: 257 });
    await clock.advance(100);
    expect(excesses).toEqual(['threads']);
  });

  it('looks at once on request', () => {
    const watching = watch.add(watched());
    expect(watching.look()).toBe(false);
    table.set(10, 1, { residentBytes: 200 * megabyte });
    expect([watching.look(), watching.look(), excesses]).toEqual([true, true, ['memory']]);
  });

  it('stops when its last instance has ended, and starts again', async () => {
    watch.add(watched()).end();
    table.set(10, 1, { residentBytes: 200 * megabyte });
    await clock.advance(1_000);
    expect(excesses).toEqual([]);
    watch.add(watched());
    await clock.advance(100);
    expect(excesses).toEqual(['memory']);
  });

  it('takes at most 5 % of the time', async () => {
    let spent = 0;
    const slow = new InstanceWatch(clock, table, () => (spent += 50));
    slow.add(watched());
    table.searches = 0;
    await clock.advance(100);
    table.set(10, 1, { residentBytes: 200 * megabyte });
    await clock.advance(899);
    expect(excesses).toEqual([]);
    await clock.advance(200);
    expect(excesses).toEqual(['memory']);
  });
});
