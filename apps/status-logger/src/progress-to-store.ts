import { partitionName } from '#contracts';
import type { FinishedTo } from '#kafka/strategy';

/** How far the partitions of this process are, as far as the store does not say so yet. */
export class ProgressToStore {
  private readonly stored = new Map<string, bigint>();

  /** @param progress how far each partition of this process is now. */
  constructor(private readonly progress: () => readonly FinishedTo[]) {}

  /** The partitions that went on since they were last {@link hasStored}. */
  due(): readonly FinishedTo[] {
    return this.progress().filter((one) => one.finishedTo > (this.stored.get(partitionName(one)) ?? -1n));
  }

  /** Notes that the store says how far these partitions are. */
  hasStored(progress: readonly FinishedTo[]): void {
    for (const one of progress) this.stored.set(partitionName(one), one.finishedTo);
  }
}
