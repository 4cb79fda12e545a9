import { IsBoolean, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { KafkaAccessSettings } from './kafka-settings.ts';
import { Setting, withSettings } from './load-config.ts';
import { TracingSettings } from './tracing-settings.ts';
import { BrokerAddresses, HostSettings, KafkaTopicSettings } from './setting-groups.ts';

/**
 * Unexpected errors of one record after which its handler counts as broken. The waits between 12
 * tries add up to 53 s; @see `againDelayMs` of libs/kafka.
 */
export const recordTriesMaxDefault = 12;

/** Bytes that one record batch of Kafka may unpack to. */
export const batchBytesMaxDefault = 32 * 1_048_576;

/** The settings that every service has. */
export class ServiceConfig extends withSettings(HostSettings, KafkaTopicSettings, KafkaAccessSettings, TracingSettings) {
  @Setting({ env: 'SERVICE_PORT', description: 'Port of the HTTP server of this service; 0 selects a free one.' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  port: number = 0;

  @Setting({ env: 'KAFKA_BROKERS', description: 'Bootstrap brokers, `host:port` or `[IPv6 address]:port`, separated by commas.' })
  @BrokerAddresses()
  kafkaBrokers: string[] = ['127.0.0.1:9092'];

  @Setting({
    env: 'KAFKA_BATCH_BYTES_MAX',
    description: 'Bytes that a compressed record batch may unpack to. A larger batch goes to the rejects.',
  })
  @IsInt()
  @Min(1_048_576)
  @Max(1_073_741_824)
  batchBytesMax: number = batchBytesMaxDefault;

  @Setting({
    env: 'RECORD_TRIES_MAX',
    description:
      'Tries of one record that may fail with an unexpected error before the process ends with 1. The waits between 12 tries add up to 53 s.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000)
  recordTriesMax: number = recordTriesMaxDefault;

  @Setting({ env: 'LOG_LEVEL', description: 'Least severe level that is logged: debug, info, warn, error or silent.' })
  @IsIn(['debug', 'info', 'warn', 'error', 'silent'])
  logLevel: string = 'warn';

  @Setting({
    env: 'LOG_PRETTY',
    description: 'If true, the log is text for people instead of JSON. If unset, it is text on a terminal.',
  })
  @IsOptional()
  @IsBoolean()
  isLogPretty?: boolean;

  @Setting({
    env: 'CLOCK_SKEW_WARN_MS',
    description: 'A larger difference between the clocks of this machine and of the brokers is logged, in milliseconds.',
  })
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  clockSkewWarnMs: number = 1_000;

  @Setting({
    env: 'CLOCK_SKEW_MAX_MS',
    description:
      'With a larger difference between the clocks of this machine and of the brokers the service is not ready and takes no work, in milliseconds. An ingress still answers its HTTP API, by the time of the brokers.',
  })
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  clockSkewMaxMs: number = 60_000;

  @Setting({
    env: 'DRAIN_TIMEOUT_MS',
    description:
      'Longest time for work in progress to end after SIGTERM, in milliseconds. It must be below 25,000, the limit of the whole stop.',
  })
  @IsInt()
  @Min(0)
  @Max(24_000)
  drainMs: number = 10_000;
}
