import { type OutgoingRecord, streamTopic, type Target, utcText } from '#contracts';
import type { Publisher } from '#kafka';
import type { Delivery } from '#lifecycle';
import type { Registry } from '#registry';
import { type Destination, type Notification, reasonOf } from '../destination.ts';
import { publishOutcome } from './publish-outcome.ts';
import type { TopicMaker } from './topic-maker.ts';

/** Headers of a notification on a topic. @see CloudEvents Kafka protocol binding, binary mode */
export function cloudEventHeaders({ id, source, type, contentType, at, traceparent }: Notification): Record<string, string> {
  return {
    'content-type': contentType,
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: source,
    ce_type: type,
    ce_time: `${utcText(at)}Z`,
    ...(traceparent === undefined ? {} : { ce_traceparent: traceparent }),
  };
}

/** A stream: one record on a Kafka topic, keyed by request id. */
export class StreamDestination implements Destination<Extract<Target, { type: 'DIS' }>> {
  readonly type = 'DIS';

  constructor(
    private readonly publisher: Publisher,
    private readonly topics: TopicMaker,
    private readonly registry: Pick<Registry, 'place'>,
    private readonly prefix: string,
  ) {}

  async deliver(notification: Notification, { streamName }: Extract<Target, { type: 'DIS' }>): Promise<Delivery> {
    const { id, project } = notification;
    const place = this.registry.place(project, 'DIS', streamName);
    // Without its place nobody can tell which topic was meant.
    if (place === undefined) return { kind: 'refused', reason: `stream ${streamName} does not exist any more` };
    const topic = place.topic ?? streamTopic(this.prefix, streamName);
    const record: OutgoingRecord = {
      topic,
      key: id,
      value: Buffer.from(notification.texts.default),
      headers: cloudEventHeaders(notification),
    };
    try {
      await this.topics.ensure(topic);
    } catch (error) {
      return { kind: 'deferred', reason: reasonOf(error) };
    }
    return publishOutcome(this.publisher, record, `kafka topic ${topic}, key ${id}`);
  }
}
