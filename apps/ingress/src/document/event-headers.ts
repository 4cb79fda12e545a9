/** The headers of the records that other programs may write or read, for the AsyncAPI document. */
import {
  cloudEventHeader,
  intakeFormatVersions,
  intakeHeader,
  invocationTagsPattern,
  invocationTagsRule,
  limits,
  rejectCodes,
  rejectHeader,
  springHeader,
} from '#contracts';

/** A schema of JSON, draft 7. */
export type Schema = Readonly<Record<string, unknown>>;

/** A header: its meaning, the schema of its text, and if each record has it. */
export interface HeaderSpec {
  readonly description: string;
  readonly schema: Schema;
  readonly isRequired?: boolean;
}

/** Headers by name. */
export type HeaderSpecs = Readonly<Record<string, HeaderSpec>>;

const text: Schema = { type: 'string' };
const digits = (max: number): Schema => ({
  type: 'string',
  pattern: '^[0-9]{1,15}$',
  description: `A whole number from 0 to ${max}.`,
});
/** Bytes have no form in JSON: tools show them as they like. */
const bytes = (length: number): Schema => ({ description: `${length} bytes, big-endian, signed.`, contentEncoding: 'base64' });

const ofIntake: Readonly<Record<keyof typeof intakeHeader, HeaderSpec>> = {
  function: { description: 'The function, in any form of its URN.', schema: { ...text, minLength: 1 }, isRequired: true },
  project: { description: 'The project of a short function name. Needed if there are several projects.', schema: text },
  functionId: {
    description: 'The `func_id` of the function: a record for another one under its name is rejected.',
    schema: text,
  },
  requestId: { description: 'A request id chosen by the producer.', schema: { ...text, format: 'uuid' } },
  delaySeconds: { description: 'Seconds until the first attempt.', schema: digits(limits.delaySecondsMax) },
  payloadRef: {
    description: 'The `payload_ref` of an uploaded event. The value is then empty.',
    schema: { ...text, pattern: '^[0-9a-f]{128}$' },
  },
  tags: {
    description: `Names by which the invocation is found: ${invocationTagsRule}.`,
    schema: { ...text, pattern: invocationTagsPattern },
  },
  hops: { description: 'Chained invocations before this one.', schema: digits(limits.hopsReadMax) },
  formatVersion: {
    description: `The version of the format of the record, 1 to ${intakeFormatVersions.reads}. Default 1.`,
    schema: { ...text, pattern: '^[1-9][0-9]{0,6}$' },
  },
  traceparent: { description: 'W3C trace context, passed on to the function.', schema: text },
};

const ofCloudEvent: Readonly<Record<keyof typeof cloudEventHeader, HeaderSpec>> = {
  contentType: { description: 'The media type of the value.', schema: text, isRequired: true },
  specVersion: { description: 'The version of CloudEvents.', schema: { ...text, const: '1.0' }, isRequired: true },
  id: { description: 'Unique among the events of the source.', schema: text, isRequired: true },
  source: { description: 'The origin of the event.', schema: { ...text, format: 'uri-reference' }, isRequired: true },
  type: { description: 'The type of the event.', schema: text, isRequired: true },
  time: { description: 'When it happened.', schema: { ...text, format: 'date-time' }, isRequired: true },
  traceparent: { description: 'W3C trace context of the invocation.', schema: text },
  tags: { description: 'The tags of the invocation, separated by commas.', schema: text },
};

const ofDeadLetter: Readonly<Record<keyof typeof springHeader, HeaderSpec>> = {
  topic: { description: 'The topic where the record was read.', schema: text, isRequired: true },
  partition: { description: 'Its partition.', schema: bytes(4), isRequired: true },
  offset: { description: 'Its offset.', schema: bytes(8), isRequired: true },
  timestamp: { description: 'Its timestamp, in milliseconds since 1970.', schema: bytes(8), isRequired: true },
  timestampType: { description: 'The type of the timestamp.', schema: { ...text, const: 'LogAppendTime' }, isRequired: true },
  consumerGroup: { description: 'The consumer group that read it.', schema: text, isRequired: true },
  exceptionName: { description: 'The name of the fault.', schema: { ...text, pattern: '^dev\\.sendoff\\.' }, isRequired: true },
  exceptionMessage: { description: 'The fault in words.', schema: text, isRequired: true },
};

const ofReject: Readonly<Record<keyof typeof rejectHeader, HeaderSpec>> = {
  reason: { description: 'Why the record was rejected.', schema: text, isRequired: true },
  code: { description: 'The same as a code, as the ledger counts it.', schema: { ...text, enum: rejectCodes }, isRequired: true },
  function: { description: 'The URN of the function that the record named. Absent if no such function exists.', schema: text },
  project: { description: 'The project of that function.', schema: text },
  topic: { description: 'The topic where the record was read.', schema: text, isRequired: true },
  partition: { description: 'Its partition.', schema: digits(2 ** 31 - 1), isRequired: true },
  offset: { description: 'Its offset.', schema: digits(Number.MAX_SAFE_INTEGER), isRequired: true },
  timestamp: {
    description: 'Its timestamp, in milliseconds since 1970.',
    schema: digits(Number.MAX_SAFE_INTEGER),
    isRequired: true,
  },
};

/** Describes headers under the names that records have. */
function named<Key extends string>(names: Readonly<Record<Key, string>>, specs: Readonly<Record<Key, HeaderSpec>>): HeaderSpecs {
  return Object.fromEntries((Object.keys(names) as Key[]).map((key) => [names[key], specs[key]]));
}

/** The headers that a caller writes to `intake`. */
export const intakeHeaders = named(intakeHeader, ofIntake);
/** The headers of a CloudEvent. */
export const eventHeaders = named(cloudEventHeader, ofCloudEvent);
/** The headers of records in `rejects` and `undelivered`. */
export const deadLetterHeaders: HeaderSpecs = { ...eventHeaders, ...named(springHeader, ofDeadLetter) };
/** The headers that only rejects have. */
export const rejectHeaders: HeaderSpecs = { ...deadLetterHeaders, ...named(rejectHeader, ofReject) };
/** The headers of records on the topic of a pub/sub topic. */
export const topicHeaders: HeaderSpecs = {
  ...eventHeaders,
  'smn-topic-urn': { description: 'The URN of the pub/sub topic.', schema: text, isRequired: true },
  'smn-subject': { description: 'The subject, if the message has one.', schema: text },
  'smn-message-attributes': { description: 'The attributes of the message, as JSON.', schema: text },
};
