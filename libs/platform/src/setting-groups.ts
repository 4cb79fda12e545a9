import { isIPv6 } from 'node:net';
import { type Isolation, isolationLevels } from './isolation.ts';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateBy,
} from 'class-validator';
import { defaultTopicPrefix, topicPrefixLengthMax } from '#contracts';
import { keyLengthMin } from './derived-keys.ts';
import { Setting } from './load-config.ts';
import { networkPattern } from './networks.ts';
import { publicKeyPattern, publicKeysMax } from './signing.ts';

/** `host:port` or `[IPv6 address]:port`. A host may have letters of every language. */
const brokerPattern = /^(?:\[(?<ipv6>[\da-fA-F:.]{2,45})\]|[\p{L}\p{M}\p{N}._-]{1,255}):(?<port>\d{1,5})$/u;
const portMax = 65_535;

function isBrokerAddress(value: unknown): boolean {
  const { ipv6, port } = (typeof value === 'string' ? brokerPattern.exec(value)?.groups : undefined) ?? {};
  return Number(port) >= 1 && Number(port) <= portMax && (ipv6 === undefined || isIPv6(ipv6));
}

/** Declares a list of Kafka brokers. */
export function BrokerAddresses(): PropertyDecorator {
  const message = `each broker is host:port or [IPv6 address]:port, without a zone, with a port from 1 to ${portMax}`;
  const isAddress = ValidateBy({ name: 'brokerAddress', validator: { validate: isBrokerAddress } }, { each: true, message });
  const rules = [IsArray(), isAddress];
  return (prototype, property) => {
    for (const rule of rules) rule(prototype, property);
  };
}

/** Declares a folder. Node.js loads no code from below a folder with a backslash in its name. */
function FolderName(): PropertyDecorator {
  return Matches(/^[^\\\0]+$/, { message: 'the name of a folder may have no backslash, because Node.js loads no code from it' });
}

/** The address of an HTTP server. */
export class HostSettings {
  @Setting({ env: 'SENDOFF_HOST', description: 'Address the HTTP server listens on. `npm start` uses it for the API only.' })
  @Matches(/^[^%]*$/, { message: 'must be an address without a zone: no URL can hold one, as fe80::1%eth0 has' })
  host: string = '127.0.0.1';
}

/** For programs that keep files. */
export class DataFolderSettings {
  @Setting({ env: 'SENDOFF_DATA_DIR', description: 'Folder for all files of Sendoff on this machine.' })
  @FolderName()
  dataDir: string = '.sendoff';
}

/** For programs that run functions, and for those that start them. */
export class FunctionFolderSettings {
  @Setting({
    env: 'FUNCTION_DIR',
    description:
      'Folder for the code of running functions. If unset: functions in the data folder, or for root sendoff-functions in /var/tmp, ' +
      'because other users may not pass the data folder. No * may be in its path unless FUNCTION_ISOLATION is kernel.',
  })
  @IsOptional()
  @FolderName()
  functionDir?: string;
}

/** For programs that read or make URNs. */
export class RegionSettings {
  @Setting({ env: 'SENDOFF_REGION', description: 'Region in URNs.' })
  @Matches(/^[A-Za-z0-9-]{1,64}$/)
  region: string = 'local';
}

/** For programs that use or create the topics of the platform. */
export class KafkaTopicSettings {
  @Setting({ env: 'KAFKA_TOPIC_PREFIX', description: `Prefix of every topic, of at most ${topicPrefixLengthMax} characters.` })
  @Matches(/^[a-zA-Z0-9._-]*$/, { message: 'KAFKA_TOPIC_PREFIX must be letters, digits, ., _ and -' })
  @MaxLength(topicPrefixLengthMax)
  topicPrefix: string = defaultTopicPrefix;

  @Setting({ env: 'KAFKA_PARTITIONS', description: 'Partitions of a topic that a service creates.' })
  @IsInt()
  @Min(1)
  @Max(1_000)
  partitions: number = 4;

  @Setting({ env: 'KAFKA_REPLICATION', description: 'Replicas of a topic that a service creates. Use 3 in a cluster.' })
  @IsInt()
  @Min(1)
  @Max(9)
  replication: number = 1;
}

/** For programs that derive keys: the ingress, or any service that was given no key of its own. */
export class PlatformKeySettings {
  @Setting({
    env: 'SENDOFF_PLATFORM_KEY',
    description:
      `Key from which all others are derived, at least ${keyLengthMin} characters. The ingress needs it, or its file. ` +
      '`npm start` makes one if neither is set. Give other services their own keys instead.',
    isSecret: true,
  })
  @IsOptional()
  @IsString()
  @MinLength(keyLengthMin)
  platformKey?: string;

  @Setting({ env: 'SENDOFF_PLATFORM_KEY_FILE', description: 'File that holds the platform key. Set it instead of the key.' })
  @IsOptional()
  @IsString()
  platformKeyFile?: string;
}

/** For the executor, and for services that trust functions according to their walls. */
export class IsolationSettings {
  @Setting({
    env: 'FUNCTION_ISOLATION',
    description:
      'Walls around functions: auto, kernel, process or none. auto is kernel if it works here, else process. ' +
      'none is for trusted code only.',
  })
  @IsIn(['auto', ...isolationLevels])
  isolation: Isolation = 'auto';
}

/** For services that verify what the ingress has signed. */
export class PublicKeySettings {
  @Setting({
    env: 'SENDOFF_PUBLIC_KEYS',
    description:
      'Public keys of the ingress, at most 4, separated by commas. Signatures of any of them are accepted. ' +
      'A service without the platform key needs them.',
  })
  @IsArray()
  @ArrayMaxSize(publicKeysMax)
  @Matches(publicKeyPattern, { each: true, message: 'each public key has 43 characters of base64url' })
  publicKeys: string[] = [];
}

/** For the service that signs. */
export class SigningKeySettings {
  @Setting({
    env: 'SENDOFF_SIGNING_KEY',
    description: `Key that signs registry documents and internal tokens, at least ${keyLengthMin} characters. If unset, it is derived from the platform key.`,
    isSecret: true,
  })
  @IsOptional()
  @IsString()
  @MinLength(keyLengthMin)
  signingKey?: string;

  @Setting({ env: 'SENDOFF_SIGNING_KEY_FILE', description: 'File that holds the signing key. Set it instead of the key.' })
  @IsOptional()
  @IsString()
  signingKeyFile?: string;
}

/** For the service that runs functions. */
export class FunctionsKeySettings {
  @Setting({
    env: 'SENDOFF_FUNCTIONS_KEY',
    description:
      'Derived key that opens encrypted user data and signs calls to http functions. If unset, it is derived from the platform key.',
    isSecret: true,
  })
  @IsOptional()
  @IsString()
  @MinLength(keyLengthMin)
  functionsKey?: string;

  @Setting({ env: 'SENDOFF_FUNCTIONS_KEY_FILE', description: 'File that holds this key. Set it instead of the key.' })
  @IsOptional()
  @IsString()
  functionsKeyFile?: string;
}

/** For the service that signs webhooks and makes the links of subscribers. */
export class SubscriptionKeySettings {
  @Setting({
    env: 'SENDOFF_SUBSCRIPTION_KEY',
    description:
      'Derived key that opens the secrets of webhooks and makes the links of subscribers. If unset, it is derived from the platform key.',
    isSecret: true,
  })
  @IsOptional()
  @IsString()
  @MinLength(keyLengthMin)
  subscriptionKey?: string;

  @Setting({ env: 'SENDOFF_SUBSCRIPTION_KEY_FILE', description: 'File that holds this key. Set it instead of the key.' })
  @IsOptional()
  @IsString()
  subscriptionKeyFile?: string;
}

/** For services that check or call webhooks. */
export class WebhookSettings {
  @Setting({
    env: 'WEBHOOK_NETWORKS_ALLOWED',
    description: 'CIDR blocks, separated by commas, that webhooks may reach although they are not public.',
  })
  @IsArray()
  @Matches(networkPattern, { each: true, message: 'each network is a CIDR block' })
  webhookNetworks: string[] = [];

  @Setting({
    env: 'SENDOFF_PUBLIC_URL',
    description:
      'URL at which clients and webhooks reach the API, for links and the catalog. Without it messages to webhooks have no ' +
      'links. Required with SUBSCRIPTIONS_CONFIRMED_BY=endpoint.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  publicUrl?: string;
}

/** For services that check or reach the networks of functions. */
export class FunctionNetworkSettings {
  @Setting({
    env: 'FUNCTION_NETWORKS_ALLOWED',
    description:
      'CIDR blocks, separated by commas, that functions and `code_url` may reach although they are not public. ' +
      '`npm start` adds loopback for `code_url` if the API listens on loopback.',
  })
  @IsArray()
  @Matches(networkPattern, { each: true, message: 'each network is a CIDR block' })
  functionNetworks: string[] = [];

  @Setting({
    env: 'FUNCTION_NETWORKS_DENIED',
    description:
      'CIDR blocks, separated by commas, that functions and `code_url` never reach, even if they are public or allowed. ' +
      'Name the hosts of Sendoff here if they are in an allowed network.',
  })
  @IsArray()
  @Matches(networkPattern, { each: true, message: 'each network is a CIDR block' })
  functionNetworksDenied: string[] = [];
}
