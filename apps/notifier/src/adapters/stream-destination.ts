import { conditions, type OutgoingRecord, streamTopic, type Target, utcText } from '#contracts';
import type { Publisher } from '#kafka';
import type { Delivery } from '#lifecycle';
import type { Registry } from '#registry';
import { type Destination, type Notification, reasonOf } from '../destination.ts';
import { publishOutcome } from './publish-outcome.ts';
import type { TopicMaker } from './topic-maker.ts';

/** Headers of a notification on a topic. @see CloudEvents Kafka protocol binding, binary mode */
export function cloudEventHeaders({ settlement }: Notification): Record<string, string> {
  const { invocation, condition, endedAt } = settlement;
  return {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: invocation.requestId,
    ce_source: invocation.functionUrn,
    ce_type: `dev.sendoff.invocation.${conditions[condition].status === 'SUCCESS' ? 'succeeded' : 'failed'}`,
    ce_time: `${utcText(endedAt)}Z`,
    ...(invocation.traceparent === undefined ? {} : { ce_traceparent: invocation.traceparent }),
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
    const { requestId, project } = notification.settlement.invocation;
    const topic = this.registry.place(project, 'DIS', streamName)?.topic ?? streamTopic(this.prefix, streamName);
    const record: OutgoingRecord = {
      topic,
      key: requestId,
      value: Buffer.from(notification.message),
      headers: cloudEventHeaders(notification),
    };
    try {
      await this.topics.ensure(topic);
    } catch (error) {
      return { kind: 'deferred', reason: reasonOf(error) };
    }
    return publishOutcome(this.publisher, record, `kafka topic ${topic}, key ${requestId}`);
  }
}
