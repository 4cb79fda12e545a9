import { conditions, type DeliveryEvent, type Publication, type Settlement } from '#contracts';
import { notificationMessage, type TimestampForm } from '#lifecycle';
import type { Notification } from './destination.ts';

/**
 * Makes the notification of a delivery event.
 * @param form The form of the timestamp in the message of an invocation.
 */
export function notificationOf(event: DeliveryEvent, form: TimestampForm): Notification {
  switch (event.kind) {
    case 'settled':
      return ofSettlement(event.settlement, form);
    case 'published':
      return ofPublication(event.publication);
    case 'subscribed': {
      const { messageId, project, topicUrn, askedAt, expiresAt } = event.request;
      const text = `You are asked to confirm a subscription to the topic ${topicUrn}. Visit subscribe_url to confirm it.`;
      return {
        ...bare,
        id: messageId,
        messageId,
        project,
        at: askedAt,
        source: topicUrn,
        texts: { default: text },
        confirmUntil: expiresAt,
      };
    }
    default:
      return event satisfies never;
  }
}

const bare = {
  subject: '',
  attributes: [],
  contentType: 'text/plain; charset=utf-8',
  type: 'dev.sendoff.message.published',
  hops: 0,
} as const;

function ofSettlement(settlement: Settlement, form: TimestampForm): Notification {
  const { invocation, condition, endedAt } = settlement;
  return {
    ...bare,
    id: invocation.requestId,
    project: invocation.project,
    at: endedAt,
    subject: 'Asynchronous invocation',
    texts: { default: notificationMessage(settlement, form) },
    contentType: 'application/json',
    source: invocation.functionUrn,
    type: `dev.sendoff.invocation.${conditions[condition].status === 'SUCCESS' ? 'succeeded' : 'failed'}`,
    hops: invocation.hops,
    ...(invocation.traceparent === undefined ? {} : { traceparent: invocation.traceparent }),
    ...(invocation.tags === undefined ? {} : { tags: invocation.tags }),
  };
}

function ofPublication({ messageId, project, publishedAt, topicUrn, subject, texts, attributes }: Publication): Notification {
  return { ...bare, id: messageId, messageId, project, at: publishedAt, subject, texts, attributes, source: topicUrn };
}
