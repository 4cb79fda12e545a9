/**
 * Watches memory, CPU and temporary files of all instances, from the start of a process to its end.
 *
 * W1. Memory is the resident memory of the process and of all processes below it. An instance over
 *     its limit exceeds it, whatever it does at the moment: loading, answering, or nothing.
 * W2. An instance without a call that keeps using more than 5 % of a CPU exceeds its limit after
 *     some seconds.
 * W3. One timer serves all instances. A look at the known processes is cheap. A search among all
 *     processes of the machine is rare, and instances that cannot start processes need none. The
 *     watch takes at most 5 % of the time.
 * W4. A process that was seen below an instance counts until it ends, even if its parent has ended.
 */
import type { Clock, Timer } from '#platform';
import { type FolderFacts, type ProcessFacts, type ProcessTable, procTable } from './process-table.ts';
import type { TmpLimits } from './walls.ts';

/** The limit that an instance exceeded. */
export type Excess = 'memory' | 'cpu' | 'tmp' | 'threads';

/** An instance as the watch sees it. */
export interface WatchedInstance {
  readonly pid: number;
  readonly memoryBytesMax: number;
  readonly tmpLimits?: TmpLimits;
  /** False if the walls let it start no process. */
  readonly canFork: boolean;
  /** True while its code is loaded or a call runs. */
  isBusy(): boolean;
  /** Called once. The instance ends itself. */
  onExcess(excess: Excess): void;
}

/** An instance under watch. */
export interface Watching {
  /** Looks at once. @returns true if a limit is exceeded. */
  look(): boolean;
  end(): void;
}

const lookEveryMs = 100;
const searchEveryMs = 1_000;
/** A young process may still start those that run the function: each look at it follows them. */
const youngMs = 10_000;
/** The share of the time that the watch may take. */
const shareMax = 0.05;
/** The share of a CPU that an instance without a call may use. */
const idleCpuShare = 0.05;
const idleCpuMsMax = 2_000;
/** More threads than any user limit allows: for instances that share their user. */
const threadsMax = 256;

interface Entry {
  readonly instance: WatchedInstance;
  readonly addedAt: number;
  known: readonly ProcessFacts[];
  cpuMs: number;
  lookedAt: number;
  /** CPU time beyond the allowed share since the instance is idle, in milliseconds. */
  burntMs: number;
  isCounting: boolean;
  isOver: boolean;
}

/** All processes of the machine, as one search found them; it serves all instances. */
interface Search {
  readonly all: readonly ProcessFacts[];
  /** By the id of their parent. */
  readonly children: ReadonlyMap<number, readonly ProcessFacts[]>;
}

/** The watch of all instances of this process. */
export class InstanceWatch {
  private readonly entries = new Set<Entry>();
  private timer: Timer | undefined;
  private searchedAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly table: ProcessTable = procTable,
    private readonly spentMs: () => number = () => performance.now(),
  ) {}

  /** Watches an instance until `end` is called. */
  add(instance: WatchedInstance): Watching {
    const now = this.clock.elapsedMs();
    const own = this.table.read(instance.pid);
    const known = own === undefined ? [] : [own];
    const entry: Entry = { instance, addedAt: now, known, cpuMs: 0, lookedAt: now, burntMs: 0, isCounting: false, isOver: false };
    this.entries.add(entry);
    this.timer ??= this.lookLater(lookEveryMs);
    return {
      look: () => this.lookAt(entry, undefined),
      end: () => {
        entry.isOver = true;
        this.entries.delete(entry);
      },
    };
  }

  private lookLater(waitMs: number): Timer {
    return this.clock.setTimer(waitMs, () => {
      this.timer = undefined;
      if (this.entries.size === 0) return;
      const begun = this.spentMs();
      this.lookAtAll();
      this.timer = this.lookLater(Math.max(lookEveryMs, (this.spentMs() - begun) / shareMax));
    });
  }

  private lookAtAll(): void {
    const now = this.clock.elapsedMs();
    const isSearchDue = now - this.searchedAt >= searchEveryMs;
    if (isSearchDue) this.searchedAt = now;
    const found = isSearchDue && [...this.entries].some(({ instance }) => instance.canFork) ? this.search() : undefined;
    for (const entry of [...this.entries]) this.lookAt(entry, found);
    for (const entry of this.entries) if (isSearchDue) void this.countFolder(entry);
  }

  private search(): Search {
    const all = this.table.all();
    return { all, children: Map.groupBy(all, ({ parent }) => parent) };
  }

  private lookAt(entry: Entry, found: Search | undefined): boolean {
    if (entry.isOver) return true;
    entry.known = found !== undefined && entry.instance.canFork ? treeOf(entry, found) : this.refreshed(entry);
    const excess = this.excessOf(entry);
    return excess !== undefined && this.exceed(entry, excess);
  }

  private exceed(entry: Entry, excess: Excess): true {
    if (!entry.isOver) {
      entry.isOver = true;
      entry.instance.onExcess(excess);
    }
    return true;
  }

  private refreshed({ known, addedAt }: Entry): readonly ProcessFacts[] {
    const current = known.flatMap(({ pid, startedAt }) => {
      const facts = this.table.read(pid);
      return facts?.startedAt === startedAt ? [facts] : [];
    });
    if (this.clock.elapsedMs() - addedAt > youngMs) return current;
    const tree = new Map(current.map((facts) => [facts.pid, facts]));
    for (const facts of tree.values()) for (const child of this.table.childrenOf(facts.pid)) tree.set(child.pid, child);
    return [...tree.values()];
  }

  private excessOf(entry: Entry): Excess | undefined {
    const { instance, known } = entry;
    const sum = (of: (facts: ProcessFacts) => number) => known.reduce((total, facts) => total + of(facts), 0);
    if (sum(({ residentBytes }) => residentBytes) > instance.memoryBytesMax) return 'memory';
    if (sum(({ threads }) => threads) > threadsMax) return 'threads';
    if (
      this.burns(
        entry,
        sum(({ cpuMs }) => cpuMs),
      )
    )
      return 'cpu';
    return this.fillsTmp(instance, known.at(-1)) ? 'tmp' : undefined;
  }

  /** W2. */
  private burns(entry: Entry, cpuMs: number): boolean {
    const now = this.clock.elapsedMs();
    const used = Math.max(0, cpuMs - entry.cpuMs) - (now - entry.lookedAt) * idleCpuShare;
    entry.burntMs = entry.instance.isBusy() ? 0 : Math.max(0, entry.burntMs + used);
    entry.cpuMs = cpuMs;
    entry.lookedAt = now;
    return entry.burntMs > idleCpuMsMax;
  }

  /** A file system of the instance's own: the process that was found last sees it. */
  private fillsTmp({ tmpLimits }: WatchedInstance, last: ProcessFacts | undefined): boolean {
    if (tmpLimits === undefined || tmpLimits.hostPath !== undefined || last === undefined) return false;
    return isOver(this.table.tmpOf(last.pid, '/tmp', tmpLimits.bytesMax), tmpLimits);
  }

  /** A folder of the host: counting it takes long, so one count at a time runs. */
  private async countFolder(entry: Entry): Promise<void> {
    const { tmpLimits } = entry.instance;
    if (tmpLimits?.hostPath === undefined || entry.isCounting) return;
    entry.isCounting = true;
    const facts = await this.table.folder(tmpLimits.hostPath, tmpLimits.filesMax);
    entry.isCounting = false;
    if (isOver(facts, tmpLimits)) this.exceed(entry, 'tmp');
  }
}

function isOver(facts: FolderFacts | undefined, { bytesMax, filesMax }: TmpLimits): boolean {
  return facts !== undefined && (facts.bytes > bytesMax || facts.files > filesMax);
}

/** The process of an instance and all processes below it, parents before children. W4. */
function treeOf({ instance, known }: Entry, { all, children }: Search): readonly ProcessFacts[] {
  const startedAt = new Map(known.map((facts) => [facts.pid, facts.startedAt]));
  const tree = new Map<number, ProcessFacts>();
  const add = (facts: ProcessFacts) => {
    if (tree.has(facts.pid)) return;
    tree.set(facts.pid, facts);
    for (const child of children.get(facts.pid) ?? []) add(child);
  };
  for (const facts of all) if (facts.pid === instance.pid || startedAt.get(facts.pid) === facts.startedAt) add(facts);
  return [...tree.values()];
}
