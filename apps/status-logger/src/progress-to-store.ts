import { partitionName } from '#contracts';
import type { FinishedTo } from '#kafka/strategy';
import type { ProgressMark } from './status-store.ts';

/**
 * How far the partitions of this process are, as far as the store does not say so yet.
 *
 * A partition goes back if its topic was made again. Then the store must not keep the offset of the
 * former topic: whoever waits for records of the new one would not wait. A process does not know
 * which topic the store means when it begins, so its first mark of a partition may go back too.
 */
export class ProgressToStore {
  private readonly stored = new Map<string, bigint>();

  /** @param progress how far each partition of this process is now. */
  constructor(private readonly progress: () => readonly FinishedTo[]) {}

  /** The partitions that went on, or back, since they were last {@link hasStored}. */
  due(): readonly ProgressMark[] {
    return this.progress().flatMap((one): ProgressMark[] => {
      const stored = this.stored.get(partitionName(one));
      if (stored === one.finishedTo) return [];
      return stored === undefined || one.finishedTo < stored ? [{ ...one, mayGoBack: true }] : [one];
    });
  }

  /** Notes that the store says how far these partitions are. */
  hasStored(progress: readonly FinishedTo[]): void {
    for (const one of progress) this.stored.set(partitionName(one), one.finishedTo);
  }
}
