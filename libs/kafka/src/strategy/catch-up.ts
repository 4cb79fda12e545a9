import { setTimeout as delay } from 'node:timers/promises';
import type { PartitionEnd, PartitionProgress } from '../ports.ts';

/** Questions of a {@link CatchUp}. */
export interface CatchUpPorts {
  readonly topics: readonly string[];
  ends(topic: string): Promise<readonly PartitionEnd[]>;
  /** How far this process is with its partitions. */
  progress(): readonly PartitionProgress[];
}

/** The end of each partition, by topic and number. */
type Ends = ReadonlyMap<string, bigint>;

const lookAgainMs = 5;

const nameOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/**
 * Waits until a consumer has finished what its topics hold at the call.
 *
 * Callers share the questions to the brokers. One round of questions runs at a time, and a caller
 * gets the answers of a round that began after its call.
 */
export class CatchUp {
  private running: Promise<unknown> = Promise.resolve();
  private next: Promise<Ends> | undefined;

  constructor(private readonly ports: CatchUpPorts) {}

  /**
   * @returns false if it took longer than `timeoutMs`, or if the brokers did not answer.
   */
  async wait(timeoutMs: number): Promise<boolean> {
    const giveUpAt = performance.now() + timeoutMs;
    const ends = await Promise.race([this.ends().catch(() => undefined), delay(timeoutMs, undefined, { ref: false })]);
    if (ends === undefined) return false;
    while (!this.isPast(ends)) {
      if (performance.now() >= giveUpAt) return false;
      await delay(lookAgainMs);
    }
    return true;
  }

  /** Partitions of other processes do not count. */
  private isPast(ends: Ends): boolean {
    return this.ports
      .progress()
      .every(({ topic, partition, finishedTo }) => finishedTo >= (ends.get(nameOf(topic, partition)) ?? 0n));
  }

  private ends(): Promise<Ends> {
    this.next ??= this.running.then(() => {
      this.next = undefined;
      const round = this.ask();
      this.running = round.catch(() => undefined);
      return round;
    });
    return this.next;
  }

  private async ask(): Promise<Ends> {
    const ends = new Map<string, bigint>();
    await Promise.all(
      this.ports.topics.map(async (topic) => {
        for (const { partition, end } of await this.ports.ends(topic)) ends.set(nameOf(topic, partition), end);
      }),
    );
    return ends;
  }
}
