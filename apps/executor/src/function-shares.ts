import { bareUrnOf } from '#contracts';
import { placesAmong } from '#kafka';

/** A partition that this process holds. */
interface Held {
  readonly topic: string;
  readonly partition: number;
}

const answersMax = 10_000;

/**
 * The share that this process has of the instances of each function.
 *
 * The instances of a function lie on the partitions of the express lane, one after the other, from
 * the partition of its name on. A process may run those that lie on its partitions. A
 * partition has one owner at any time, so all processes together never run more than the limit. A
 * function with one instance runs in one process only.
 */
export class FunctionShares {
  private held: readonly number[] = [];
  private partitions = 0;
  /** Answers since the partitions last changed: each attempt asks several times. */
  private readonly answers = new Map<string, { readonly instancesMax: number; readonly share: number }>();

  /** @param topic the express lane. */
  constructor(private readonly topic: string) {}

  /** Notes the partitions that this process holds. @param counts partitions of each topic. */
  change(held: readonly Held[], counts: ReadonlyMap<string, number>): void {
    this.held = held.filter(({ topic }) => topic === this.topic).map(({ partition }) => partition);
    this.partitions = counts.get(this.topic) ?? 0;
    this.answers.clear();
  }

  /**
   * The instances of a function that this process may run.
   * @param instancesMax of the function in all processes; -1 means no limit.
   */
  of(functionUrn: string, instancesMax: number): number {
    if (instancesMax < 0) return Number.POSITIVE_INFINITY;
    if (this.partitions === 0) return 0;
    const answer = this.answers.get(functionUrn);
    if (answer?.instancesMax === instancesMax) return answer.share;
    const share = placesAmong(this.held, { key: bareUrnOf(functionUrn), places: instancesMax }, this.partitions);
    if (this.answers.size >= answersMax) this.answers.clear();
    this.answers.set(functionUrn, { instancesMax, share });
    return share;
  }
}
