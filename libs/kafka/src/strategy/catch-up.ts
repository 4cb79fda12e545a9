import { setTimeout as delay } from 'node:timers/promises';
import { partitionName } from '#contracts';
import type { PartitionEnd, PartitionProgress } from '../ports.ts';
import { SharedRounds } from '../shared-rounds.ts';

/** How far one partition is finished. */
export type FinishedTo = Pick<PartitionProgress, 'topic' | 'partition' | 'finishedTo'>;

/** Questions of a {@link CatchUp}. */
export interface CatchUpPorts {
  readonly topics: readonly string[];
  /** Tells of partitions, too, that were added just before the call. */
  ends(topic: string): Promise<readonly PartitionEnd[]>;
  /** How far this process is with its partitions. */
  progress(): readonly FinishedTo[];
  /**
   * How far any process is with each partition. Without it, partitions of other processes do not
   * count.
   */
  progressElsewhere?(): Promise<readonly FinishedTo[]>;
}

/** Called in each round of a wait, so a call must cost little. */
export interface CatchUpListener {
  /** This process has something to finish. */
  behind(): void;
  /** Nobody reads a partition that holds records: it may have been added just now. */
  unread(): void;
}

/** An offset for each partition, by topic and number. */
type Offsets = ReadonlyMap<string, bigint>;

const lookAgainMs = 5;

/**
 * Waits until the members of a group have finished what its topics hold at the call.
 *
 * Callers share the questions. One round of questions runs at a time, and a caller gets the answers
 * of a round that began after its call.
 */
export class CatchUp {
  private readonly ends = new SharedRounds(async () => this.askForEnds());
  private readonly elsewhere = new SharedRounds(async () => offsetsOf((await this.ports.progressElsewhere?.()) ?? []));

  constructor(private readonly ports: CatchUpPorts) {}

  /** @returns false if it took longer than `timeoutMs`, or if the brokers did not answer. */
  async wait(timeoutMs: number, listener?: CatchUpListener): Promise<boolean> {
    const giveUpAt = performance.now() + timeoutMs;
    const inTime = async <T>(answer: Promise<T>) =>
      Promise.race([answer.catch(() => undefined), delay(giveUpAt - performance.now(), undefined, { ref: false })]);
    const ends = await inTime(this.ends.ask());
    if (ends === undefined) return false;
    for (let others: Offsets | undefined; ; ) {
      const { own, elsewhere, unread } = this.missing(ends, others ?? new Map());
      if (!own && !elsewhere) return true;
      if (performance.now() >= giveUpAt) return false;
      if (own) listener?.behind();
      if (unread && others !== undefined) listener?.unread();
      if (elsewhere) others = (await inTime(this.elsewhere.ask())) ?? others;
      await delay(lookAgainMs);
    }
  }

  /**
   * Whether this process has something to finish, and whether others have. `unread`: nobody is
   * known to read a partition.
   */
  private missing(ends: Offsets, others: Offsets) {
    const own = offsetsOf(this.ports.progress());
    const isMissing = { own: false, elsewhere: false, unread: false };
    for (const [name, end] of ends) {
      const finishedTo = own.get(name);
      if (finishedTo !== undefined) isMissing.own ||= finishedTo < end;
      else if (this.ports.progressElsewhere !== undefined) {
        isMissing.elsewhere ||= (others.get(name) ?? 0n) < end;
        isMissing.unread ||= !others.has(name);
      }
    }
    return isMissing;
  }

  /** The end of each partition that holds records. */
  private async askForEnds(): Promise<Offsets> {
    const ends = new Map<string, bigint>();
    await Promise.all(
      this.ports.topics.map(async (topic) => {
        for (const { partition, start, end } of await this.ports.ends(topic))
          if (start < end) ends.set(partitionName({ topic, partition }), end);
      }),
    );
    return ends;
  }
}

function offsetsOf(progress: readonly FinishedTo[]): Offsets {
  return new Map(progress.map((one) => [partitionName(one), one.finishedTo]));
}
