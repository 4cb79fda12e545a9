/** A broker tells its time, so that a service with a wrong clock can follow it. */
import { randomUUID } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { Topics } from '#contracts';
import { connectKafka, topicSpecs } from '#kafka';
import { ManualClock } from '#testing';

/** A clock that keeps what it is compared with. */
class ListeningClock extends ManualClock {
  readonly told: number[] = [];

  override compare({ brokersAt = Number.NaN }: { brokersAt?: number } = {}): boolean {
    this.told.push(brokersAt);
    return false;
  }
}

it('compares a clock with the time at which the broker answers', async () => {
  const topics = new Topics(`t${randomUUID().slice(0, 8)}.`);
  const gateway = await connectKafka({ brokers: inject('kafkaBrokers').split(','), clientId: 'test', topics, replication: 1 });
  onTestFinished(() => gateway.close());
  await gateway.admin.ensureTopics(topicSpecs(topics, 1, ['clock']));
  const clock = new ListeningClock();
  const before = Date.now();
  await gateway.compareClock(clock);
  expect(clock.told).toHaveLength(1);
  expect(clock.told[0]).toBeGreaterThanOrEqual(before);
  expect(clock.told[0]).toBeLessThanOrEqual(Date.now());
});
