import { cloudEventHeaders, type Target, type Topics } from '#contracts';
import type { TryResult } from '#lifecycle';
import type { Registry } from '#registry';
import type { Destination, Notification } from '../destination.ts';
import type { UserTopics } from './user-topics.ts';

/** Delivers to a stream: one record on a Kafka topic, keyed by request id. */
export class StreamDestination implements Destination<'DIS'> {
  readonly isCheap = true;

  constructor(
    private readonly topics: UserTopics,
    private readonly registry: Pick<Registry, 'place'>,
    private readonly names: Topics,
  ) {}

  async deliver(notification: Notification, { streamName }: Target<'DIS'>, signal: AbortSignal): Promise<TryResult> {
    const { id, project } = notification;
    const place = this.registry.place(project, 'DIS', streamName);
    // Only the place says which topic the stream is.
    if (place === undefined) return { kind: 'refused', reason: `stream ${streamName} does not exist any more` };
    const topic = place.topic ?? this.names.ofStream(streamName);
    const value = Buffer.from(notification.texts.default);
    return this.topics.write({ topic, key: id, value, headers: cloudEventHeaders(notification) }, signal);
  }
}
