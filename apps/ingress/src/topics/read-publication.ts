import { limits, type MessageAttribute, type MessageTexts } from '#contracts';
import { ApiError } from '../http/api-error.ts';
import type { PublicationDto } from './topic.dto.ts';

/** A message that a caller publishes to a topic. */
export interface PublicationRequest {
  readonly subject: string;
  readonly texts: MessageTexts;
  readonly attributes: readonly MessageAttribute[];
  readonly timeToLiveMs: number;
}

const protocols = ['http', 'https', 'functionstage'] as const;
const timeToLiveSecondsDefault = 3_600;
const attributesMax = 10;
const attributeNamePattern = /^(?=.{1,32}$)[a-z0-9]+(?:_[a-z0-9]+)*$/;
const attributeTextPattern = /^[\p{L}\p{N}_]{1,32}$/u;
const attributeTextsMax = 10;

/**
 * Reads the body of a message. Precedence: `message_structure`, `message_template_name`, `message`.
 * @throws ApiError naming the field that is invalid.
 * @see SMN API, publishing a message
 */
export function readPublication(dto: PublicationDto): PublicationRequest {
  const seconds = Number(dto.time_to_live ?? timeToLiveSecondsDefault);
  if (seconds < 1 || seconds > limits.timeToLiveSecondsMax)
    throw new ApiError('FSS.0400', `time_to_live must be a whole number of seconds from 1 to ${limits.timeToLiveSecondsMax}`);
  const attributes = (dto.message_attributes ?? []).map(readAttribute);
  if (attributes.length > attributesMax) throw attributesRefused(`${attributesMax} at most`);
  if (new Set(attributes.map(({ name }) => name)).size < attributes.length) throw attributesRefused('each name once');
  return { subject: dto.subject ?? '', texts: readTexts(dto), attributes, timeToLiveMs: seconds * 1_000 };
}

function readTexts({ message, message_structure: structure, message_template_name: template }: PublicationDto): MessageTexts {
  if (structure !== undefined) return readStructure(structure);
  if (template !== undefined)
    throw new ApiError('SMN.0032', 'message templates are not supported: send message or message_structure');
  if (message === undefined) throw new ApiError('SMN.0009', 'message or message_structure is required');
  return { default: message };
}

/** Reads the texts by protocol. Texts for protocols without subscriptions here are dropped. */
function readStructure(text: string): MessageTexts {
  const structure = jsonObject(text);
  const { default: everybody } = structure;
  if (!isUnicode(everybody)) throw new ApiError('SMN.0021', 'message_structure must be a JSON object with a text under default');
  const texts: { default: string; [protocol: string]: string } = { default: everybody };
  for (const protocol of protocols) {
    const special = structure[protocol];
    if (special === undefined || special === null) continue;
    if (!isUnicode(special)) throw new ApiError('SMN.0021', `message_structure.${protocol} must be a text`);
    texts[protocol] = special;
  }
  return texts;
}

/**
 * Whether a value is text that UTF-8 can hold. JSON inside JSON can bring half a surrogate pair
 * past the door.
 */
function isUnicode(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    throw new ApiError('SMN.0021', 'message_structure is not JSON');
  }
}

function attributesRefused(why: string): ApiError {
  return new ApiError('FSS.0400', `message_attributes: ${why}`);
}

function readAttribute(given: unknown): MessageAttribute {
  const { name, type, value } = (typeof given === 'object' && given !== null ? given : {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || !attributeNamePattern.test(name))
    throw attributesRefused('a name is 1..32 lower-case letters and digits, with single underscores between');
  const isText = (text: unknown): text is string => typeof text === 'string' && attributeTextPattern.test(text);
  switch (type) {
    case 'STRING':
      if (isText(value)) return { name, type, value };
      break;
    case 'STRING_ARRAY':
      if (isList(value) && value.every(isText)) return { name, type, value };
      break;
    case 'PROTOCOL':
      if (isList(value) && value.every((one) => typeof one === 'string' && one.length <= 32))
        return { name, type, value: value as string[] };
      break;
    default:
      throw attributesRefused('a type is STRING, STRING_ARRAY or PROTOCOL');
  }
  throw attributesRefused(`the value of ${name} is not of type ${type}`);
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= attributeTextsMax && new Set(value).size === value.length;
}
