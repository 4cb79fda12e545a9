/**
 * The AsyncAPI document: the records that other programs may write to topics or read from them. It
 * is made from the declarations of topics and headers, and shows nothing of this installation.
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
import {
  cloudEventHeaders,
  conditions,
  defaultTopicPrefix,
  epochMs,
  limits,
  topicDeclarations,
  type TopicName,
} from '#contracts';
import { notificationMessage } from '#lifecycle';
import {
  deadLetterHeaders,
  eventHeaders,
  type HeaderSpecs,
  intakeHeaders,
  rejectHeaders,
  type Schema,
  topicHeaders,
} from './event-headers.ts';

/** One kind of records on a topic. */
interface MessageSpec {
  readonly title: string;
  readonly summary: string;
  readonly contentType?: string;
  readonly key: string;
  readonly headers: HeaderSpecs;
  readonly payload: Schema;
  readonly examples: readonly {
    readonly name: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly payload?: unknown;
  }[];
}

/** A topic, as other programs see it. `send` means that Sendoff writes it. */
interface ChannelSpec {
  /** The name of the topic behind the prefix. */
  readonly name: string;
  readonly summary: string;
  readonly action: 'receive' | 'send';
  /** The declaration with the settings of the topic. Users look after topics without one. */
  readonly declared?: TopicName;
  readonly message: MessageSpec;
}

const text: Schema = { type: 'string' };
const functionUrn = 'urn:fss:local:p1:function:default:hello:latest';
const requestId = '0199f0a1-7c00-8abc-9def-0123456789ab';
const at = epochMs(1_795_000_000_000);
const event = {
  id: requestId,
  source: functionUrn,
  type: 'dev.sendoff.invocation.succeeded',
  at,
  contentType: 'application/json',
};

const notification: Schema = {
  type: 'object',
  description: 'The end of an invocation, as FunctionGraph documents it.',
  properties: {
    timestamp: { ...text, description: 'Start of the last attempt, or the time of acceptance without one.' },
    request_context: {
      type: 'object',
      properties: {
        request_id: text,
        function_urn: text,
        condition: { ...text, enum: Object.keys(conditions) },
        approximate_invoke_count: { type: 'integer', minimum: 0 },
      },
      required: ['request_id', 'function_urn', 'condition', 'approximate_invoke_count'],
    },
    request_payload: { ...text, description: 'The event, as text.' },
    response_context: {
      type: 'object',
      properties: { status_code: { type: 'integer' }, function_error: text },
      required: ['status_code', 'function_error'],
    },
    response_payload: { ...text, description: 'The return value, as text.' },
  },
  required: ['timestamp', 'request_context', 'request_payload', 'response_context', 'response_payload'],
};

/** The notification of an invocation that returned its event. */
const notificationExample: unknown = JSON.parse(
  notificationMessage({
    invocation: {
      ...{ requestId, functionUrn, project: 'p1', acceptedAt: at, expiresAt: epochMs(at + 3_600_000), dueAt: at, attempt: 1 },
      ...{ retriesUsed: 0, hops: 0, payload: Buffer.from('{"name":"world"}') },
      policy: { retriesMax: 1, backoff: { baseMs: 1_000, maxMs: 300_000 }, destinations: {} },
    },
    condition: '',
    attempts: 1,
    startedAt: at,
    endedAt: at,
    errorMessage: '',
    responsePayload: Buffer.from('{"name":"world"}'),
  }),
);

const bytesOf = (what: string): Schema => ({ description: `${what} Any bytes.` });

const channels: Readonly<Record<string, ChannelSpec>> = {
  intake: {
    name: 'intake',
    summary: 'Each record invokes a function.',
    action: 'receive',
    declared: 'intake',
    message: {
      title: 'Invocation',
      summary: `The event of the function, JSON of at most ${limits.payloadBytesMax} bytes.`,
      contentType: 'application/json',
      key: 'Any. It has no meaning.',
      headers: intakeHeaders,
      payload: { description: 'Any JSON: the event of the function.' },
      examples: [
        { name: 'hello', headers: { 'sendoff-function': 'hello', 'sendoff-project': 'p1' }, payload: { name: 'world' } },
      ],
    },
  },
  rejects: {
    name: 'rejects',
    summary: 'Records that no service can handle, as they came.',
    action: 'send',
    declared: 'rejects',
    message: {
      title: 'Reject',
      summary: 'The rejected record with its own headers, and those that name the fault and the origin.',
      key: 'The key of the record.',
      headers: rejectHeaders,
      payload: bytesOf('The value of the record.'),
      examples: [],
    },
  },
  undelivered: {
    name: 'undelivered',
    summary: 'Deliveries that were given up.',
    action: 'send',
    declared: 'undelivered',
    message: {
      title: 'UndeliveredNotification',
      summary: 'The delivery as it stood on `notifications`, with the fault and the origin.',
      key: 'The request id or message id.',
      headers: deadLetterHeaders,
      payload: bytesOf('The request payload, then the return value; or the text of a published message.'),
      examples: [],
    },
  },
  stream: {
    name: 'stream.{name}',
    summary: 'The topic behind a stream: the ends of invocations whose configuration names it.',
    action: 'send',
    message: {
      title: 'InvocationEnded',
      summary: 'The end of one invocation.',
      contentType: 'application/json',
      key: 'The request id.',
      headers: eventHeaders,
      payload: notification,
      examples: [{ name: 'succeeded', headers: cloudEventHeaders(event), payload: notificationExample }],
    },
  },
  topic: {
    name: 'topic.{name}',
    summary: 'The topic behind a pub/sub topic: published messages, and the ends of invocations whose configuration names it.',
    action: 'send',
    message: {
      title: 'TopicMessage',
      summary: 'A published message as text, or the end of one invocation as JSON. `ce_type` tells which.',
      key: 'The message id or request id.',
      headers: topicHeaders,
      payload: { anyOf: [notification, { ...text, description: 'The text of a published message.' }] },
      examples: [
        {
          name: 'published',
          headers: {
            ...cloudEventHeaders({
              ...{ ...event, id: '5f2b1f0c1a7d4e0b9a3c6d8e7f001122', source: 'urn:smn:local:p1:news' },
              ...{ type: 'dev.sendoff.message.published', contentType: 'text/plain; charset=utf-8' },
            }),
            'smn-topic-urn': 'urn:smn:local:p1:news',
          },
          payload: 'A storm is coming.',
        },
      ],
    },
  },
};

const parameters: Readonly<Record<string, Schema>> = {
  prefix: { description: 'The prefix of all topics, `KAFKA_TOPIC_PREFIX`.', default: defaultTopicPrefix },
  name: { description: 'The name of the stream or of the pub/sub topic.' },
};

const securitySchemes = {
  scram512: { type: 'scramSha512', description: 'The account `sendoff.outside`, or one of your own brokers.' },
  scram256: { type: 'scramSha256' },
  plain: { type: 'plain' },
  certificate: { type: 'X509' },
};

/** @param protocol of AsyncAPI: `kafka`, or `kafka-secure` with TLS. */
function server(protocol: string, description: string, schemes: readonly (keyof typeof securitySchemes)[]): Schema {
  return {
    host: '{brokers}',
    protocol,
    description,
    variables: { brokers: { default: 'localhost:9092', description: 'Host and port of a broker.' } },
    security: schemes.map((name) => ({ $ref: `#/components/securitySchemes/${name}` })),
  };
}

function headersSchema(headers: HeaderSpecs): Schema {
  const all = Object.entries(headers);
  return {
    type: 'object',
    properties: Object.fromEntries(all.map(([name, { description, schema }]) => [name, { ...schema, title: description }])),
    required: all.filter(([, { isRequired }]) => isRequired === true).map(([name]) => name),
  };
}

function messageObject({ title, summary, contentType, key, headers, payload, examples }: MessageSpec): Schema {
  return {
    name: title,
    title,
    summary,
    ...(contentType === undefined ? {} : { contentType }),
    headers: headersSchema(headers),
    payload,
    bindings: { kafka: { key: { ...text, description: key }, bindingVersion: '0.5.0' } },
    ...(examples.length === 0 ? {} : { examples }),
  };
}

/** The settings with which a declared topic is created. */
function topicBinding(declared: TopicName): Schema {
  const { isCompacted, retentionMs } = topicDeclarations.find(({ name }) => name === declared) ?? {
    isCompacted: false,
    retentionMs: -1,
  };
  const topicConfiguration = { 'cleanup.policy': [isCompacted ? 'compact' : 'delete'], 'retention.ms': retentionMs };
  return { kafka: { topicConfiguration, bindingVersion: '0.5.0' } };
}

function channelObject({ name, summary, declared, message }: ChannelSpec): Schema {
  const address = `{prefix}${name}`;
  const named = Object.entries(parameters).filter(([parameter]) => address.includes(`{${parameter}}`));
  return {
    address,
    summary,
    parameters: Object.fromEntries(named),
    messages: { [message.title]: { $ref: `#/components/messages/${message.title}` } },
    ...(declared === undefined ? {} : { bindings: topicBinding(declared) }),
  };
}

/** The AsyncAPI document. @param version of the package. */
export function eventDocument(version: string): Schema {
  const all = Object.entries(channels);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Sendoff',
      version,
      description: 'The Kafka topics that other programs may write or read. The operations over HTTP are in `/openapi.json`.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: {
      own: server('kafka', 'The broker that `npm start` brings. Its address and account are in `running.json`.', ['scram512']),
      secure: server('kafka-secure', 'Brokers of your own, with TLS.', ['scram512', 'scram256', 'plain', 'certificate']),
    },
    channels: Object.fromEntries(all.map(([id, channel]) => [id, channelObject(channel)])),
    operations: Object.fromEntries(
      all.map(([id, { action, summary, message }]) => [
        `${action}${id.charAt(0).toUpperCase()}${id.slice(1)}`,
        {
          action,
          summary,
          channel: { $ref: `#/channels/${id}` },
          messages: [{ $ref: `#/channels/${id}/messages/${message.title}` }],
        },
      ]),
    ),
    components: {
      messages: Object.fromEntries(all.map(([, { message }]) => [message.title, messageObject(message)])),
      securitySchemes,
    },
  };
}
