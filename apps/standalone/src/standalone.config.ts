import { IsArray, IsInt, IsOptional, Matches, Max, Min, MinLength } from 'class-validator';
import { DataFolderSettings, HostSettings, PlatformKeySettings, RegionSettings, Setting, withSettings } from '#platform';

/** What `npm start` reads from its environment; the rest of it is handed on to the services. */
export class StandaloneConfig extends withSettings(HostSettings, DataFolderSettings, RegionSettings, PlatformKeySettings) {
  @Setting({ env: 'SENDOFF_PORT', description: 'Port of the API; 0 takes any free one.' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  port: number = 8_700;

  @Setting({ env: 'KAFKA_BROKERS', description: 'Brokers to use; where unset a broker is started here.' })
  @IsOptional()
  @IsArray()
  @Matches(/^[^\s:]+:\d{1,5}$/, { each: true, message: 'each broker is host:port' })
  kafkaBrokers?: string[];

  @Setting({
    env: 'SENDOFF_PROJECT_ID',
    description: 'Project the first credentials belong to; made at the first start where unset.',
  })
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,64}$/)
  projectId?: string;

  @Setting({ env: 'SENDOFF_ACCESS_KEY', description: 'First access key; made at the first start where unset.', isSecret: true })
  @IsOptional()
  @Matches(/^[^\s,/]{4,128}$/, { message: 'SENDOFF_ACCESS_KEY must be 4..128 characters without blanks, commas and slashes' })
  accessKey?: string;

  @Setting({
    env: 'SENDOFF_SECRET_KEY',
    description: 'Secret of the first access key; made at the first start where unset.',
    isSecret: true,
  })
  @IsOptional()
  @MinLength(4)
  secretKey?: string;

  @Setting({
    env: 'SENDOFF_TOKEN',
    description: 'First token, sent as X-Auth-Token; made at the first start where unset.',
    isSecret: true,
  })
  @IsOptional()
  @MinLength(4)
  token?: string;

  @Setting({
    env: 'SENDOFF_INTERNAL_TOKEN',
    description: 'Secret between the services; made at the first start where unset.',
    isSecret: true,
  })
  @IsOptional()
  @MinLength(16)
  internalToken?: string;

  @Setting({
    env: 'KAFKA_FLUSH_EACH_BATCH',
    description: 'Lets the broker that is started here survive a power cut, at the price of speed.',
  })
  isFlushedEachBatch: boolean = false;
}
