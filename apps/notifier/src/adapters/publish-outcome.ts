import { type OutgoingRecord, PlatformError } from '#contracts';
import type { Publisher } from '#kafka';
import type { TryResult } from '#lifecycle';
import { reasonOf } from '../destination.ts';

/** Publishes one record. An error that may pass later is `deferred`, any other one is `refused`. */
export async function publishOutcome(
  publisher: Pick<Publisher, 'publish'>,
  record: OutgoingRecord,
  location: string,
): Promise<TryResult> {
  try {
    await publisher.publish(record);
    return { kind: 'delivered', location };
  } catch (error) {
    if (error instanceof PlatformError && !error.retryable) return { kind: 'refused', reason: reasonOf(error) };
    return { kind: 'deferred', reason: reasonOf(error), isOfBrokers: true };
  }
}
