import { IsArray, IsByteLength, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { limits, pubSubNameLengthMax } from '#contracts';
import type { ApiCode } from '../http/api-codes.ts';

const displayNameBytesMax = 192;
const remarkBytesMax = 128;
const endpointBytesMax = 2_048;
const nameFault = `name must be 1..${pubSubNameLengthMax} letters, digits, - or _, from a letter or digit`;

/** Error codes of SMN for single fields. All other fields have FSS.0400. */
export const topicCodes: Readonly<Record<string, ApiCode>> = {
  name: 'SMN.0002',
  display_name: 'SMN.0003',
  protocol: 'SMN.0011',
  endpoint: 'SMN.0012',
  remark: 'SMN.0017',
  subject: 'SMN.0008',
  message: 'SMN.0009',
  message_structure: 'SMN.0021',
  message_template_name: 'SMN.0032',
};

/** The fields of a topic that may change. */
export class TopicChangeDto {
  @IsOptional()
  @IsString()
  @IsByteLength(0, displayNameBytesMax, { message: `display_name may have ${displayNameBytesMax} bytes` })
  display_name?: string;
}

/** The body of a request that creates a topic. */
export class TopicDto extends TopicChangeDto {
  /** Shorter than SMN's 255, because the name becomes part of the name of a Kafka topic. */
  @MaxLength(pubSubNameLengthMax, { message: nameFault })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, { message: nameFault })
  name!: string;
}

/** The fields of a subscription that may change. */
export class SubscriptionChangeDto {
  @IsOptional()
  @IsString()
  @IsByteLength(0, remarkBytesMax, { message: `remark may have ${remarkBytesMax} bytes` })
  remark?: string;
}

/** The body of a request that adds a subscription. */
export class SubscriptionDto extends SubscriptionChangeDto {
  @IsIn(['http', 'https', 'functionstage'], {
    message: 'protocol must be http, https or functionstage: no other is offered here',
  })
  protocol!: 'http' | 'https' | 'functionstage';

  @IsString()
  @IsByteLength(1, endpointBytesMax, { message: `endpoint must have 1 to ${endpointBytesMax} bytes` })
  endpoint!: string;

  /** An extension of Sendoff: a Standard Webhooks secret that the caller chose. */
  @IsOptional()
  @Matches(/^whsec_[A-Za-z0-9+/]{32,128}={0,2}$/, { message: 'secret must be whsec_ and 24..96 bytes in Base64' })
  secret?: string;

  /** Not supported: the endpoint would silently miss headers that the notifier does not send. */
  @IsOptional()
  @IsIn([], { message: 'extension is not offered: no headers are added to what an endpoint is sent' })
  extension?: unknown;

  @IsOptional()
  @IsIn([], { message: 'subscriptions are added one at a time' })
  subscriptions?: unknown;
}

/**
 * The body of a request that publishes a message. If it has several forms of the text, the most
 * specific one counts.
 */
export class PublicationDto {
  @IsOptional()
  @IsString()
  @IsByteLength(0, limits.subjectBytesMax, { message: `subject may have ${limits.subjectBytesMax} bytes` })
  subject?: string;

  @IsOptional()
  @IsString()
  @IsByteLength(1, limits.messageBytesMax, { message: `message must have 1 to ${limits.messageBytesMax} bytes of UTF-8` })
  message?: string;

  /** JSON with a text for each protocol, and `default`. */
  @IsOptional()
  @IsString()
  @IsByteLength(1, limits.messageBytesMax, {
    message: `message_structure must have 1 to ${limits.messageBytesMax} bytes of UTF-8`,
  })
  message_structure?: string;

  @IsOptional()
  @IsString()
  message_template_name?: string;

  /** In seconds, as text. */
  @IsOptional()
  @Matches(/^\d{1,5}$/, { message: `time_to_live must be a whole number of seconds from 1 to ${limits.timeToLiveSecondsMax}` })
  time_to_live?: string;

  @IsOptional()
  @IsArray()
  message_attributes?: unknown[];
}
