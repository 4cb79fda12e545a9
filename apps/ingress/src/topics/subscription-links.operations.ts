import type { OperationSpec } from '../document/operation.ts';
import { inQuery } from '../document/parameters.ts';
import { exampleSubscription } from './subscriptions.operations.ts';
import { exampleRequestId, exampleTopic } from './topics.operations.ts';

const text = { type: 'string' } as const;
const token = inQuery('token', text, {
  description: 'The token of the link that the subscriber got. It replaces credentials.',
  example: 'c2VhbGVkIGZvciB0aGlzIHN1YnNjcmlwdGlvbiBhbG9uZQ',
});

/** Operations behind the links of a subscriber. */
export const subscriptionLinkOperations = {
  confirm: {
    id: 'confirmSubscription',
    tag: 'Subscriptions',
    summary: 'Confirms a subscription by the link that its endpoint got; confirming again changes nothing.',
    isOpen: true,
    parameters: [inQuery('topic_urn', text, { description: 'The topic of the subscription.', example: exampleTopic }), token],
    answer: { status: 200, example: { ...exampleRequestId, subscription_urn: exampleSubscription } },
    codes: ['FSS.0503', 'SMN.0013', 'SMN.0022'],
  },
  unsubscribe: {
    id: 'unsubscribe',
    tag: 'Subscriptions',
    summary: 'Removes a subscription by the link that its endpoint gets with each message.',
    isOpen: true,
    parameters: [inQuery('subscription_urn', text, { description: 'The subscription.', example: exampleSubscription }), token],
    answer: { status: 200, example: { ...exampleRequestId, message: `Unsubscribed: ${exampleSubscription}` } },
    codes: ['FSS.0503', 'SMN.0013', 'SMN.0022'],
  },
} as const satisfies Record<string, OperationSpec>;
