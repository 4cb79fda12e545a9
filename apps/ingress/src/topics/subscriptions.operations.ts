import type { ApiCode } from '../http/api-codes.ts';
import type { OperationSpec } from '../document/operation.ts';
import { exampleProject, inPath, inQuery, wholeOrEmpty } from '../document/parameters.ts';
import { SubscriptionChangeDto, SubscriptionDto } from './topic.dto.ts';
import { exampleRequestId, exampleTopic, pageParameters, topicNameCodes, topicUrn } from './topics.operations.ts';

/** The subscription in all examples. */
export const exampleSubscription = `${exampleTopic}:0c4e1b7f9a2d4e6f8b1a3c5d7e9f0a2b`;

/** Statuses of subscriptions, as numbers: 0 is unconfirmed, 1 is confirmed. */
export const subscriptionStatusMax = 4;

const subscriptionUrn = inPath(
  'urn',
  { type: 'string', minLength: 1, maxLength: 512 },
  { description: 'The URN of a subscription.', example: exampleSubscription },
);
const subscriptionCodes: readonly ApiCode[] = ['FSS.0503', 'SMN.0013', 'SMN.0014'];
const endpoint = { protocol: 'https', endpoint: 'https://hooks.example.com/sendoff' };
const remark = inQuery(
  'fuzzy_remark',
  { type: 'string' },
  { description: 'Only subscriptions whose remark contains this text.' },
);
const page = {
  ...exampleRequestId,
  subscription_count: 1,
  subscriptions: [
    {
      topic_urn: exampleTopic,
      subscription_urn: exampleSubscription,
      ...endpoint,
      owner: exampleProject,
      remark: 'on call',
      status: 1,
    },
  ],
};
const named = { ...exampleRequestId, subscription_urn: exampleSubscription };
const found = { urn: '/subscription_urn' };

/** Operations on subscriptions. */
export const subscriptionOperations = {
  add: {
    id: 'addSubscription',
    tag: 'Subscriptions',
    right: 'manage',
    reach: 'topic',
    shownWithoutRead: ['subscription_urn', 'secret'],
    summary: 'Adds a subscription to a topic; one with the same endpoint stays.',
    description: 'The service makes a secret that signs all messages to the endpoint. Only this answer shows it.',
    parameters: [topicUrn('urn')],
    body: { of: SubscriptionDto, example: { ...endpoint, remark: 'on call' } },
    answer: {
      status: 201,
      example: { ...named, secret: 'whsec_c2l4dGVlbiBieXRlcyBhcmUgdG9vIGZldywgMzIgZG8=' },
      leadsTo: { updateSubscription: found, deleteSubscription: found, deleteSubscriptionOfTopic: found },
    },
    otherwise: { status: 200, example: named },
    codes: [...topicNameCodes, 'FSS.0503', 'SMN.0007', 'SMN.0011', 'SMN.0012', 'SMN.0017', 'SMN.0069', 'SMN.0101'],
  },
  ofTopic: {
    id: 'listSubscriptionsOfTopic',
    tag: 'Subscriptions',
    right: 'read',
    reach: 'topic',
    summary: 'Lists the subscriptions of a topic, oldest first.',
    parameters: [topicUrn('urn'), ...pageParameters, remark],
    answer: { status: 200, example: page },
    codes: [...topicNameCodes, 'SMN.0015'],
  },
  ofProject: {
    id: 'listSubscriptions',
    tag: 'Subscriptions',
    right: 'read',
    reach: 'list',
    summary: 'Lists the subscriptions of the project, oldest first.',
    parameters: [
      ...pageParameters,
      remark,
      inQuery('protocol', { type: 'string' }, { description: 'Only subscriptions of this protocol.', example: 'https' }),
      inQuery('endpoint', { type: 'string' }, { description: 'Only subscriptions of this endpoint.' }),
      inQuery('status', wholeOrEmpty(0, subscriptionStatusMax), {
        description: 'Only subscriptions of this status: 0 unconfirmed, 1 confirmed. No other status occurs.',
        example: 1,
      }),
    ],
    answer: { status: 200, example: page },
    codes: ['SMN.0015', 'SMN.0077'],
  },
  update: {
    id: 'updateSubscription',
    tag: 'Subscriptions',
    right: 'manage',
    reach: 'topic',
    shownWithoutRead: ['subscription_urn'],
    summary: 'Changes the remark of a subscription.',
    parameters: [topicUrn('topic'), subscriptionUrn],
    body: { of: SubscriptionChangeDto, example: { remark: 'by day' } },
    answer: { status: 200, example: named },
    codes: [...topicNameCodes, ...subscriptionCodes, 'SMN.0017'],
  },
  remove: {
    id: 'deleteSubscription',
    tag: 'Subscriptions',
    right: 'manage',
    reach: 'topic',
    shownWithoutRead: [],
    summary: 'Removes a subscription.',
    parameters: [subscriptionUrn],
    answer: { status: 200, example: exampleRequestId },
    codes: subscriptionCodes,
  },
  removeOfTopic: {
    id: 'deleteSubscriptionOfTopic',
    tag: 'Subscriptions',
    right: 'manage',
    reach: 'topic',
    shownWithoutRead: [],
    summary: 'Removes a subscription of a topic.',
    parameters: [topicUrn('topic'), subscriptionUrn],
    answer: { status: 200, example: exampleRequestId },
    codes: [...topicNameCodes, ...subscriptionCodes],
  },
} as const satisfies Record<string, OperationSpec>;
