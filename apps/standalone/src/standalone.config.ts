import { IsInt, IsOptional, Matches, Max, Min, MinLength } from 'class-validator';
import {
  BrokerAddresses,
  DataFolderSettings,
  FunctionFolderSettings,
  FunctionNetworkSettings,
  HostSettings,
  KafkaTopicSettings,
  PlatformKeySettings,
  PublicKeySettings,
  SigningKeySettings,
  RegionSettings,
  Setting,
  withSettings,
} from '#platform';
import { StreamTopicSettings } from './stream-topic-settings.ts';

/** The settings of `npm start`. Each service also gets the variables that it declares itself. */
export class StandaloneConfig extends withSettings(
  HostSettings,
  DataFolderSettings,
  FunctionFolderSettings,
  RegionSettings,
  PlatformKeySettings,
  PublicKeySettings,
  SigningKeySettings,
  FunctionNetworkSettings,
  KafkaTopicSettings,
  StreamTopicSettings,
) {
  @Setting({ env: 'SENDOFF_PORT', description: 'Port of the API; 0 selects a free one.' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  port: number = 8_700;

  @Setting({
    env: 'KAFKA_BROKERS',
    description: 'Brokers to use, `host:port` or `[IPv6 address]:port`, separated by commas. If unset, Sendoff starts a broker.',
  })
  @IsOptional()
  @BrokerAddresses()
  kafkaBrokers?: string[];

  @Setting({
    env: 'SENDOFF_PROJECT_ID',
    description: 'Project of the first credentials. If unset, the first start creates it.',
  })
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,64}$/)
  projectId?: string;

  @Setting({ env: 'SENDOFF_ACCESS_KEY', description: 'First access key. If unset, the first start creates it.', isSecret: true })
  @IsOptional()
  @Matches(/^[^\s,/]{4,128}$/, { message: 'SENDOFF_ACCESS_KEY must be 4..128 characters without blanks, commas and slashes' })
  accessKey?: string;

  @Setting({
    env: 'SENDOFF_SECRET_KEY',
    description: 'Secret of the first access key. If unset, the first start creates it.',
    isSecret: true,
  })
  @IsOptional()
  @MinLength(4)
  secretKey?: string;

  @Setting({
    env: 'SENDOFF_TOKEN',
    description: 'First token, sent as X-Auth-Token. If unset, the first start creates it.',
    isSecret: true,
  })
  @IsOptional()
  @MinLength(4)
  token?: string;

  @Setting({
    env: 'KAFKA_FLUSH_EACH_BATCH',
    description:
      'If true, the broker that Sendoff starts writes each batch to disk. It then survives a power cut, but is slower.',
  })
  isFlushedEachBatch: boolean = false;
}
