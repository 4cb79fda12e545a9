import { type BeforeApplicationShutdown, Inject } from '@nestjs/common';
import {
  deliveryIdOf,
  type DeliveryTarget,
  encodeDelivery,
  epochMs,
  type Publication,
  type TargetChange,
  type TargetTest,
  utcInstant,
} from '#contracts';
import { KAFKA, type KafkaGateway } from '#kafka';
import { type Clock, CLOCK } from '#platform';
import { ApiError } from '../http/api-error.ts';
import { randomId } from '../names/random-id.ts';
import { targetTestBounds } from './targets.operations.ts';

/** Tests of this process that have not ended, by their ids. */
export class TestsUnderWay {
  private readonly waiting = new Map<string, (test: TargetTest | undefined) => void>();

  get count(): number {
    return this.waiting.size;
  }

  /** Takes a change that a notifier has written. */
  apply(change: TargetChange): void {
    if (change.kind === 'test' && change.test !== undefined) this.waiting.get(change.test.id)?.(change.test);
  }

  /** Calls `onEnd` once: with the end of the test, or with undefined if somebody gives it up. */
  wait(id: string, onEnd: (test: TargetTest | undefined) => void): void {
    this.waiting.set(id, (test) => {
      this.waiting.delete(id);
      onEnd(test);
    });
  }

  giveUp(id: string): void {
    this.waiting.get(id)?.(undefined);
  }

  giveUpAll(): void {
    for (const end of [...this.waiting.values()]) end(undefined);
  }
}

/** Lets a notifier send a test notice to a target, and waits for its end. */
export class TargetTests implements BeforeApplicationShutdown {
  constructor(
    @Inject(KAFKA) private readonly kafka: KafkaGateway,
    @Inject(TestsUnderWay) private readonly underWay: TestsUnderWay,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  beforeApplicationShutdown(): void {
    this.underWay.giveUpAll();
  }

  /**
   * Tests a target.
   * @returns the id of the test notice, and its end. Without an end no notifier has told one in
   *   time, and the target may have the notice all the same.
   * @throws ApiError FSS.0429 if too many tests are under way.
   * @throws PlatformError `BROKER_UNAVAILABLE`: nothing was sent.
   */
  async run(project: string, target: DeliveryTarget): Promise<{ readonly id: string; readonly test?: TargetTest }> {
    const { atOnceMax, waitMs } = targetTestBounds;
    if (this.underWay.count >= atOnceMax) throw new ApiError('FSS.0429', `${atOnceMax} tests of targets are under way`, 1);
    const id = randomId();
    const now = this.clock.now();
    const deliveryId = deliveryIdOf(target);
    const event = { kind: 'published', publication: this.noticeFor(project, deliveryId, id) } as const;
    const delivery = { deliveryId, target, try: 1, dueAt: now, firstTriedAt: now, isTest: true, event } as const;
    const ended = Promise.withResolvers<TargetTest | undefined>();
    this.underWay.wait(id, ended.resolve);
    const timer = this.clock.setTimer(waitMs, () => this.underWay.giveUp(id));
    try {
      await this.kafka.publisher.publish(encodeDelivery(this.kafka.topics.name('notifications'), delivery));
      const test = await ended.promise;
      return { id, ...(test === undefined ? {} : { test }) };
    } finally {
      timer.cancel();
      this.underWay.giveUp(id);
    }
  }

  private noticeFor(project: string, deliveryId: string, messageId: string): Publication {
    const at = this.clock.now();
    return {
      messageId,
      project,
      topicUrn: deliveryId,
      publishedAt: at,
      expiresAt: epochMs(at + targetTestBounds.waitMs),
      subject: 'Test of a target',
      attributes: [{ name: 'sendoff-test', type: 'STRING', value: 'true' }],
      texts: { default: JSON.stringify({ test: 'target', target: deliveryId, requested_time: utcInstant(at) }) },
    };
  }
}
