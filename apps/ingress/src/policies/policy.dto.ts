import { IsBoolean, IsInt, IsNumber, IsObject, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { Nested } from '../http/nested.ts';
import { retryPolicy } from '#contracts';

/**
 * The form of a log group or stream: one part of `group/stream`, and of a path.
 * @see LTS API, creating a log group
 */
const logName = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,63})?$/;

/** One side of a policy: a destination, and its parameters as JSON in a string. */
export class DestinationDto {
  @IsOptional()
  @IsString()
  @MaxLength(32)
  destination?: string;

  @IsOptional()
  @IsString()
  @MaxLength(4_096)
  param?: string;
}

/** The destinations of both sides. */
export class DestinationConfigDto {
  @IsOptional()
  @IsObject()
  @Nested(() => DestinationDto)
  on_success?: DestinationDto;

  @IsOptional()
  @IsObject()
  @Nested(() => DestinationDto)
  on_failure?: DestinationDto;
}

/** The fields of a policy that say when an invocation is tried again, and for how long. */
export class RetryRulesDto {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(retryPolicy.eventAgeSecondsMax)
  max_async_event_age_in_seconds?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(retryPolicy.retriesMax)
  max_async_retry_attempts?: number;

  /**
   * An extension of Sendoff: the wait after the first failed attempt, in seconds. It doubles with
   * each attempt.
   */
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(retryPolicy.waitSecondsMin)
  @Max(retryPolicy.waitBaseSecondsMax)
  retry_wait_base_in_seconds?: number;

  /** An extension of Sendoff: the longest wait, in seconds. */
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(retryPolicy.waitSecondsMin)
  @Max(retryPolicy.waitSecondsMax)
  retry_wait_max_in_seconds?: number;
}

/** The body of a policy. Every field is optional; one that is left out takes its default. */
export class PolicyDto extends RetryRulesDto {
  @IsOptional()
  @IsObject()
  @Nested(() => DestinationConfigDto)
  destination_config?: DestinationConfigDto;

  @IsOptional()
  @IsBoolean()
  enable_async_status_log?: boolean;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  log_group_id?: string;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  log_stream_id?: string;

  @IsOptional()
  @IsString()
  @Matches(logName, { message: 'log_group_name must be 1..64 letters, digits, -, _ or ., and begin with no dot' })
  log_group_name?: string;

  @IsOptional()
  @IsString()
  @Matches(logName, { message: 'log_stream_name must be 1..64 letters, digits, -, _ or ., and begin with no dot' })
  log_stream_name?: string;
}
