import type { OperationSpec } from '../document/operation.ts';
import { inQuery } from '../document/parameters.ts';
import { exampleSubscription } from './subscriptions.operations.ts';
import { exampleRequestId, exampleTopic } from './topics.operations.ts';

const text = { type: 'string' } as const;
const token = inQuery('token', text, {
  description: 'What the link that the subscriber was sent carries; it stands for credentials.',
  example: 'c2VhbGVkIGZvciB0aGlzIHN1YnNjcmlwdGlvbiBhbG9uZQ',
});

/** What the links of a subscriber say of themselves. */
export const subscriptionLinkOperations = {
  confirm: {
    id: 'confirmSubscription',
    tag: 'Subscriptions',
    summary: 'Confirms a subscription by the link that its endpoint was sent; once more is as good as once.',
    isOpen: true,
    parameters: [inQuery('topic_urn', text, { description: 'The topic of the subscription.', example: exampleTopic }), token],
    answer: { status: 200, example: { ...exampleRequestId, subscription_urn: exampleSubscription } },
    codes: ['FSS.0503', 'SMN.0013', 'SMN.0022'],
  },
  unsubscribe: {
    id: 'unsubscribe',
    tag: 'Subscriptions',
    summary: 'Ends a subscription by the link that its endpoint was sent with each message.',
    isOpen: true,
    parameters: [inQuery('subscription_urn', text, { description: 'The subscription.', example: exampleSubscription }), token],
    answer: { status: 200, example: { ...exampleRequestId, message: `Unsubscribed: ${exampleSubscription}` } },
    codes: ['FSS.0503', 'SMN.0013', 'SMN.0022'],
  },
} as const satisfies Record<string, OperationSpec>;
