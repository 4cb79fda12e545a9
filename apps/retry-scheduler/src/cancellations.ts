import type { IncomingRecord } from '#contracts';

/** Cancelled invocations remembered at once; the oldest is forgotten first. */
const rememberedMax = 100_000;

/** Request ids that were cancelled, as far as this process has read. */
export class Cancellations {
  private readonly requestIds = new Set<string>();
  private readonly listeners: ((requestId: string) => void)[] = [];

  has(requestId: string): boolean {
    return this.requestIds.has(requestId);
  }

  onCancelled(listener: (requestId: string) => void): void {
    this.listeners.push(listener);
  }

  /** Takes a record of the cancellations topic; its key is the request id. */
  add({ key }: Pick<IncomingRecord, 'key'>): void {
    if (key === null || this.requestIds.has(key)) return;
    this.requestIds.add(key);
    const oldest = this.requestIds.size > rememberedMax ? this.requestIds.values().next().value : undefined;
    if (oldest !== undefined) this.requestIds.delete(oldest);
    for (const listener of this.listeners) listener(key);
  }
}
