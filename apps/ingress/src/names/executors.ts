import { bareUrnOf } from '#contracts';
import { type GroupMembers, placesAmong } from '#kafka';
import type { Clock, Random, Timer } from '#platform';

/** The addresses of the executors. */
export interface Executors {
  /** The base URLs of all executors. */
  all(): readonly string[];
  /**
   * All executors, in the order in which they should be asked to run a function.
   * @param instancesMax of the function in all processes; below 1 means no limit.
   */
  forFunction(functionUrn: string, instancesMax: number): readonly string[];
  /** Looks for executors again. Never rejects. */
  refresh(): Promise<void>;
}

/** Executors of a fixed list, which take turns. */
export function fixedExecutors(urls: readonly string[]): Executors {
  let turn = 0;
  return {
    all: () => urls,
    forFunction: () => startingAt(urls, turn++),
    refresh: async () => undefined,
  };
}

/** Parts of {@link GroupExecutors}. */
export interface GroupExecutorsParts {
  /** Asks for the members of the executors' group; undefined while it deals its partitions anew. */
  readonly ask: () => Promise<GroupMembers | undefined>;
  /** The express lane, on whose partitions the instances of functions lie. */
  readonly topic: string;
  readonly clock: Pick<Clock, 'setTimer'>;
  readonly random: Random;
  readonly warn: (message: string, details: object) => void;
}

interface FoundExecutor {
  readonly url: string;
  /** Its partitions of the express lane. */
  readonly partitions: readonly number[];
}

const refreshEveryMs = 1_000;

/**
 * Finds executors by the members of their consumer group: each member tells its address. The group
 * also tells which executor has a share of a function. So a call goes to an executor that may run
 * it, and to each as often as its share says.
 */
export class GroupExecutors implements Executors {
  private found: readonly FoundExecutor[] = [];
  private partitions = 0;
  private turn = 0;
  private timer: Timer | undefined;
  private isClosed = false;
  private refreshing: Promise<void> | undefined;

  constructor(private readonly parts: GroupExecutorsParts) {}

  /** Looks for executors now, and every second until {@link close}. Resolves after the first. */
  async start(): Promise<void> {
    await this.refresh();
    if (this.isClosed) return;
    this.timer = this.parts.clock.setTimer(refreshEveryMs, () => void this.start());
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }

  all(): readonly string[] {
    return this.found.map(({ url }) => url);
  }

  forFunction(functionUrn: string, instancesMax: number): readonly string[] {
    if (instancesMax < 1 || this.partitions === 0) return startingAt(this.all(), this.turn++);
    const spread = { key: bareUrnOf(functionUrn), places: instancesMax };
    const shares = this.found.map(({ url, partitions }) => ({ url, share: placesAmong(partitions, spread, this.partitions) }));
    let place = this.parts.random() * shares.reduce((sum, { share }) => sum + share, 0);
    const first = shares.findIndex(({ share }) => (place -= share) < 0);
    const others = shares.toSpliced(first, first < 0 ? 0 : 1).sort((a, b) => b.share - a.share);
    return [...shares.slice(first, first + 1), ...others].map(({ url }) => url);
  }

  async refresh(): Promise<void> {
    this.refreshing ??= this.look().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async look(): Promise<void> {
    const { ask, topic, warn } = this.parts;
    try {
      const group = await ask();
      if (group === undefined) return;
      this.partitions = group.counts.get(topic) ?? 0;
      this.found = group.members.flatMap(({ url, assigned }) => {
        const partitions = assigned.filter((one) => one.topic === topic).map(({ partition }) => partition);
        return url === undefined ? [] : [{ url, partitions }];
      });
    } catch (error) {
      // Calls go on to the executors that were found last.
      warn('The executors could not be looked for', { error: String(error) });
    }
  }
}

function startingAt(urls: readonly string[], turn: number): readonly string[] {
  const first = urls.length === 0 ? 0 : turn % urls.length;
  return [...urls.slice(first), ...urls.slice(0, first)];
}
