import type { ApiCode } from '../http/api-codes.ts';
import type { OperationSpec } from '../document/operation.ts';
import { exampleProject, inPath, inQuery, type Parameter, wholeOrEmpty } from '../document/parameters.ts';
import { pageMax } from '../http/query.ts';
import { PublicationDto, TopicChangeDto, TopicDto } from './topic.dto.ts';

/** The topic in all examples. */
export const exampleTopic = `urn:smn:local:${exampleProject}:alerts`;

/** The path parameter with the URN of a topic. */
export function topicUrn(name: 'urn' | 'topic'): Parameter {
  const schema = { type: 'string', minLength: 1, maxLength: 512 } as const;
  return inPath(name, schema, { description: 'The URN of a topic.', example: exampleTopic });
}

/** The query parameters for one page of a list. */
export const pageParameters: readonly Parameter[] = [
  inQuery('offset', wholeOrEmpty(0, Number.MAX_SAFE_INTEGER), { description: 'How many entries to skip.', example: 0 }),
  inQuery('limit', wholeOrEmpty(1, pageMax), {
    description: `The most entries to show; ${pageMax} by default.`,
    example: 10,
  }),
];

/** The request id in the body, as answers of SMN have it. */
export const exampleRequestId = { request_id: '7c2f1d9e-0b3a-4e5d-8f6c-1a2b3c4d5e6f' } as const;

/** Error codes for a topic that is not found. */
export const topicNameCodes: readonly ApiCode[] = ['SMN.0005', 'SMN.0006'];

const topic = {
  topic_urn: exampleTopic,
  name: 'alerts',
  display_name: 'What went wrong',
  push_policy: 0,
  enterprise_project_id: '0',
  topic_id: '3f6c1a9e5b7d4e2f8a0c9d1b2e3f4a5b',
  create_time: '2026-11-25T09:45:00Z',
  update_time: '2026-11-25T09:45:00Z',
};

/** The operation on tags of topics. */
export const topicTagOperations = {
  list: {
    id: 'listTopicTags',
    tag: 'Topics',
    right: 'read',
    reach: 'topic',
    summary: 'Shows the tags of a topic; the list is always empty.',
    parameters: [
      inPath('name', { type: 'string', minLength: 1 }, { description: 'The name of a topic, or its id.', example: 'alerts' }),
    ],
    answer: { status: 200, example: { tags: [] } },
    codes: ['SMN.0006'],
  },
} as const satisfies Record<string, OperationSpec>;

/** Operations on topics. */
export const topicOperations = {
  create: {
    id: 'createTopic',
    tag: 'Topics',
    right: 'manage',
    reach: 'body',
    shownWithoutRead: ['topic_urn'],
    summary: 'Creates a topic; an existing one stays as it is.',
    body: { of: TopicDto, example: { name: 'alerts', display_name: 'What went wrong' } },
    answer: { status: 201, example: { ...exampleRequestId, topic_urn: exampleTopic } },
    otherwise: { status: 200, example: { ...exampleRequestId, topic_urn: exampleTopic } },
    codes: ['FSS.0503', 'SMN.0002', 'SMN.0003', 'SMN.0004'],
  },
  attributes: {
    id: 'listTopicAttributes',
    tag: 'Topics',
    right: 'read',
    reach: 'topic',
    summary: 'Shows the attributes of a topic, which are all empty: agencies and access keys control access.',
    parameters: [
      topicUrn('urn'),
      inQuery(
        'name',
        { type: 'string' },
        { description: 'Only the attribute of this name; all attributes by default.', example: 'access_policy' },
      ),
    ],
    answer: { status: 200, example: { ...exampleRequestId, attributes: { access_policy: '' } } },
    codes: [...topicNameCodes, 'SMN.0046'],
  },
  list: {
    id: 'listTopics',
    tag: 'Topics',
    right: 'read',
    reach: 'list',
    summary: 'Lists the topics of the project, newest first.',
    parameters: [
      ...pageParameters,
      inQuery('name', { type: 'string' }, { description: 'Only the topic of this name.', example: 'alerts' }),
      inQuery('fuzzy_name', { type: 'string' }, { description: 'Only topics whose name contains this text.' }),
      inQuery('fuzzy_display_name', { type: 'string' }, { description: 'Only topics whose display name contains this text.' }),
      inQuery('topic_id', { type: 'string' }, { description: 'Only the topic of this id.' }),
    ],
    answer: { status: 200, example: { ...exampleRequestId, topic_count: 1, topics: [topic] } },
    codes: ['SMN.0015'],
  },
  show: {
    id: 'showTopic',
    tag: 'Topics',
    right: 'read',
    reach: 'topic',
    summary: 'Shows a topic.',
    parameters: [topicUrn('urn')],
    answer: { status: 200, example: { ...exampleRequestId, ...topic } },
    codes: topicNameCodes,
  },
  update: {
    id: 'updateTopic',
    tag: 'Topics',
    right: 'manage',
    reach: 'topic',
    shownWithoutRead: [],
    summary: 'Changes the display name of a topic.',
    parameters: [topicUrn('urn')],
    body: { of: TopicChangeDto, example: { display_name: 'What went wrong' } },
    answer: { status: 200, example: exampleRequestId },
    codes: [...topicNameCodes, 'FSS.0503', 'SMN.0003'],
  },
  remove: {
    id: 'deleteTopic',
    tag: 'Topics',
    right: 'manage',
    reach: 'topic',
    shownWithoutRead: [],
    summary: 'Removes a topic and its subscriptions.',
    parameters: [topicUrn('urn')],
    answer: { status: 200, example: exampleRequestId },
    codes: [...topicNameCodes, 'FSS.0503'],
  },
  publish: {
    id: 'publishMessage',
    tag: 'Topics',
    right: 'manage',
    reach: 'topic',
    shownWithoutRead: ['message_id'],
    summary: 'Publishes a message to a topic; the answer follows once Kafka has acknowledged it.',
    description:
      '`message_structure`, a JSON object with a text for each protocol and `default`, takes precedence over `message`.',
    parameters: [topicUrn('urn')],
    body: {
      of: PublicationDto,
      example: {
        subject: 'Disk full',
        message: 'Host a1 has no room left.',
        time_to_live: '3600',
        message_attributes: [{ name: 'severity', type: 'STRING', value: 'high' }],
      },
    },
    answer: { status: 200, example: { ...exampleRequestId, message_id: '5b1e7c9a3d2f4a6e8c0b1d3f5a7e9c2d' } },
    codes: [...topicNameCodes, 'FSS.0503', 'SMN.0008', 'SMN.0009', 'SMN.0021', 'SMN.0032'],
  },
} as const satisfies Record<string, OperationSpec>;
