import type { EpochMs } from './epoch-ms.ts';
import { header, requiredText } from './headers.ts';
import { JsonObject } from './json-object.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';
import { formatHeaders } from './record-format.ts';
import { checkedRequestId } from './request-id.ts';
import type { SubscriptionDocument } from './registry-documents.ts';

/**
 * An attribute of a message. `PROTOCOL` limits the message to subscriptions with these protocols.
 */
export interface MessageAttribute {
  readonly name: string;
  readonly type: 'STRING' | 'STRING_ARRAY' | 'PROTOCOL';
  readonly value: string | readonly string[];
}

/** The text of a message, and other texts for subscriptions with certain protocols. */
export type MessageTexts = Readonly<{ default: string } & Partial<Record<SubscriptionDocument['protocol'], string>>>;

const protocols: readonly SubscriptionDocument['protocol'][] = ['http', 'https', 'functionstage'];

/** A message that a client has published to a pub/sub topic. */
export interface Publication {
  /** 32 hexadecimal digits. */
  readonly messageId: string;
  readonly project: string;
  readonly topicUrn: string;
  readonly publishedAt: EpochMs;
  /** The end of its time to live: no delivery is tried at or after it. */
  readonly expiresAt: EpochMs;
  /** May be empty. */
  readonly subject: string;
  readonly attributes: readonly MessageAttribute[];
  readonly texts: MessageTexts;
}

/** The request to an endpoint to confirm its subscription. */
export interface ConfirmationRequest {
  /** 32 hexadecimal digits. */
  readonly messageId: string;
  readonly project: string;
  readonly topicUrn: string;
  readonly askedAt: EpochMs;
  /** The confirmation link works until here. */
  readonly expiresAt: EpochMs;
}

/**
 * The record of a publication. A single text is written without JSON, because escaping could make
 * it longer than a record may be.
 */
export function encodePublication(topic: string, { texts, ...publication }: Publication): OutgoingRecord {
  const isPlain = Object.keys(texts).length === 1;
  return {
    topic,
    key: publication.messageId,
    value: Buffer.from(isPlain ? texts.default : JSON.stringify(texts)),
    headers: {
      ...formatHeaders('work'),
      [header.requestId]: publication.messageId,
      [header.publication]: JSON.stringify({ ...publication, isPlain }),
    },
  };
}

/**
 * Reads a publication back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodePublication({ headers, value }: Pick<IncomingRecord, 'headers' | 'value'>): Publication {
  const publication = JsonObject.parse(requiredText(headers, header.publication), `header ${header.publication}`);
  const text = (value ?? Buffer.alloc(0)).toString('utf8');
  return {
    ...namesIn(publication),
    publishedAt: publication.instant('publishedAt'),
    subject: publication.text('subject'),
    attributes: publication.objects('attributes').map(attributeIn),
    texts: publication.flag('isPlain') ? { default: text } : textsOf(text),
  };
}

/** The record of a confirmation request. */
export function encodeConfirmationRequest(topic: string, request: ConfirmationRequest): OutgoingRecord {
  return {
    topic,
    key: request.messageId,
    value: Buffer.alloc(0),
    headers: { ...formatHeaders('work'), [header.requestId]: request.messageId, [header.confirmation]: JSON.stringify(request) },
  };
}

/**
 * Reads a confirmation request back.
 * @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape.
 */
export function decodeConfirmationRequest({ headers }: Pick<IncomingRecord, 'headers'>): ConfirmationRequest {
  const request = JsonObject.parse(requiredText(headers, header.confirmation), `header ${header.confirmation}`);
  return { ...namesIn(request), askedAt: request.instant('askedAt') };
}

/** Fields that a publication and a confirmation request have in common. */
function namesIn(fields: JsonObject): Omit<ConfirmationRequest, 'askedAt'> {
  return {
    messageId: checkedRequestId(fields.text('messageId')),
    project: fields.text('project'),
    topicUrn: fields.text('topicUrn'),
    expiresAt: fields.instant('expiresAt'),
  };
}

function attributeIn(fields: JsonObject): MessageAttribute {
  return {
    name: fields.text('name'),
    type: fields.word('type', ['STRING', 'STRING_ARRAY', 'PROTOCOL']),
    value: fields.textOrTexts('value'),
  };
}

function textsOf(json: string): MessageTexts {
  const texts = JsonObject.parse(json, 'the value of the publication');
  const others = protocols.filter((protocol) => texts.has(protocol)).map((protocol) => [protocol, texts.text(protocol)]);
  return { ...Object.fromEntries(others), default: texts.text('default') };
}
