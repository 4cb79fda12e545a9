import { decodeDelivery, encodeTargetChange, eventId, eventProject, type TargetTest } from '#contracts';
import type { TopicFollower } from '#kafka';
import { builtAt } from '#testing';
import type { IngressApp } from './ingress-app.ts';

/** Answers each further test notice to a target as a notifier does, until it is closed. */
export async function answerTests(
  { kafka }: IngressApp,
  given: Pick<TargetTest, 'outcome' | 'reason' | 'location'> = { outcome: 'delivered', location: 'there' },
): Promise<TopicFollower> {
  const follower = kafka.follower({ topic: kafka.topics.name('notifications'), from: 'latest' });
  await follower.start((record) => {
    const { isTest, deliveryId, event } = decodeDelivery(record);
    if (isTest !== true) return;
    const test = { ...given, id: eventId(event), at: builtAt, tookMs: 7 };
    const change = { kind: 'test', target: { project: eventProject(event), deliveryId }, test } as const;
    void kafka.publisher.publish(encodeTargetChange(kafka.topics.name('targets'), change));
  });
  return follower;
}
