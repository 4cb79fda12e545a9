import type { EpochMs } from './epoch-ms.ts';
import { PlatformError } from './errors.ts';
import { header, parsedHeader } from './headers.ts';
import type { IncomingRecord, OutgoingRecord } from './record.ts';
import type { SubscriptionDocument } from './registry-documents.ts';

/** What a publisher says of a message beside its text. `PROTOCOL` names the only protocols it is for. */
export interface MessageAttribute {
  readonly name: string;
  readonly type: 'STRING' | 'STRING_ARRAY' | 'PROTOCOL';
  readonly value: string | readonly string[];
}

/** The text for everybody, and other texts for single protocols. */
export type MessageTexts = Readonly<{ default: string } & Partial<Record<SubscriptionDocument['protocol'], string>>>;

/** A message that was published to a pub/sub topic. */
export interface Publication {
  /** 32 hexadecimal digits. */
  readonly messageId: string;
  readonly project: string;
  readonly topicUrn: string;
  readonly publishedAt: EpochMs;
  /** The end of its time to live: nobody is told at or after it. */
  readonly expiresAt: EpochMs;
  /** May be empty. */
  readonly subject: string;
  readonly attributes: readonly MessageAttribute[];
  readonly texts: MessageTexts;
}

/** A subscription that waits to be confirmed by who is behind its endpoint. */
export interface ConfirmationRequest {
  /** 32 hexadecimal digits. */
  readonly messageId: string;
  readonly project: string;
  readonly topicUrn: string;
  readonly askedAt: EpochMs;
  /** From here on the link leads nowhere. */
  readonly expiresAt: EpochMs;
}

/** The record of a publication: a lone text is the value as it is, so that it grows by no escaping; several are JSON. */
export function encodePublication(topic: string, { texts, ...publication }: Publication): OutgoingRecord {
  const isPlain = Object.keys(texts).length === 1;
  return {
    topic,
    key: publication.messageId,
    value: Buffer.from(isPlain ? texts.default : JSON.stringify(texts)),
    headers: {
      [header.requestId]: publication.messageId,
      [header.publication]: JSON.stringify({ ...publication, isPlain }),
    },
  };
}

/** @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape. */
export function decodePublication({ headers, value }: Pick<IncomingRecord, 'headers' | 'value'>): Publication {
  const read = parsedHeader<Omit<Publication, 'texts'> & { readonly isPlain: boolean }>(headers, header.publication);
  if (!isNamed(read) || !Number.isSafeInteger(read.publishedAt) || !Array.isArray(read.attributes))
    throw malformed('publication');
  const { isPlain, ...publication } = read;
  const text = (value ?? Buffer.alloc(0)).toString('utf8');
  return { ...publication, texts: isPlain ? { default: text } : textsOf(text) };
}

/** The record of a confirmation request. */
export function encodeConfirmationRequest(topic: string, request: ConfirmationRequest): OutgoingRecord {
  return {
    topic,
    key: request.messageId,
    value: Buffer.alloc(0),
    headers: { [header.requestId]: request.messageId, [header.confirmation]: JSON.stringify(request) },
  };
}

/** @throws PlatformError `CONTRACT_VIOLATED` for a record of another shape. */
export function decodeConfirmationRequest({ headers }: Pick<IncomingRecord, 'headers'>): ConfirmationRequest {
  const request = parsedHeader<ConfirmationRequest>(headers, header.confirmation);
  if (!isNamed(request) || !Number.isSafeInteger(request.askedAt)) throw malformed('confirmation');
  return request;
}

function isNamed<T extends Omit<ConfirmationRequest, 'askedAt'>>(read: T | undefined): read is T {
  return (
    typeof read?.messageId === 'string' &&
    typeof read.project === 'string' &&
    typeof read.topicUrn === 'string' &&
    Number.isSafeInteger(read.expiresAt)
  );
}

function textsOf(json: string): MessageTexts {
  let texts: Partial<MessageTexts> | null;
  try {
    texts = JSON.parse(json) as Partial<MessageTexts> | null;
  } catch (cause) {
    throw malformed('publication', cause);
  }
  if (typeof texts !== 'object' || typeof texts?.default !== 'string') throw malformed('publication');
  return texts as MessageTexts;
}

function malformed(name: string, cause?: unknown): PlatformError {
  return new PlatformError('CONTRACT_VIOLATED', { details: { reason: `the ${name} is malformed` }, cause });
}
