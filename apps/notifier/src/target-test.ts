import {
  encodeTargetChange,
  eventExpiresAt,
  eventId,
  eventProject,
  type PendingDelivery,
  targetKey,
  type Topics,
} from '#contracts';
import type { Publisher, RecordDelivery } from '#kafka';
import { isExpired } from '#lifecycle';
import { tryDelivery, type TryParts } from './delivery-try.ts';
import type { TargetQueues } from './target-queues.ts';
import type { TargetWatch } from './target-watch.ts';

/** Parts of a test. */
interface TestParts extends TryParts {
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly queues: Pick<TargetQueues, 'worked'>;
  readonly watch: Pick<TargetWatch, 'tried'>;
  readonly topics: Topics;
}

/**
 * Tests a target with one try, and writes its end to the topic `targets`.
 *
 * The test passes an open circuit breaker and a switch-off. A failure counts nowhere. A success
 * closes the breaker and switches the target on, as that of any notice does.
 * @throws PlatformError `REGISTRY_BEHIND` if the registry cannot answer now, `PARTITION_LOST` if
 *   another process makes the try.
 */
export async function testTarget(parts: TestParts, pending: PendingDelivery, inHand: RecordDelivery): Promise<void> {
  const { clock, publisher, queues, watch, topics } = parts;
  const { event, deliveryId } = pending;
  // The caller has its answer already, so nobody waits for this test any more.
  if (isExpired(eventExpiresAt(event), clock.now())) return;
  await inHand.readyToAct();
  const target = { project: eventProject(event), deliveryId };
  const startedMs = clock.elapsedMs();
  const result = await tryDelivery(parts, pending);
  if (result.kind === 'delivered') {
    queues.worked(targetKey(target));
    watch.tried(target, result, undefined);
  }
  const test = {
    id: eventId(event),
    at: clock.now(),
    outcome: result.kind,
    tookMs: Math.round(clock.elapsedMs() - startedMs),
    ...('reason' in result ? { reason: result.reason } : {}),
    ...('location' in result && result.location !== undefined ? { location: result.location } : {}),
  };
  const record = encodeTargetChange(topics.name('targets'), { kind: 'test', target, test });
  await inHand.writeUntilDone(async () => publisher.publish([record]));
}
