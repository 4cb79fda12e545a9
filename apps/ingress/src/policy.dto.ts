import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsNumber, IsObject, IsOptional, IsString, Max, MaxLength, Min, ValidateNested } from 'class-validator';
import { limits } from '#contracts';

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

/** Both sides. */
export class DestinationConfigDto {
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => DestinationDto)
  on_success?: DestinationDto;

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => DestinationDto)
  on_failure?: DestinationDto;
}

/** An asynchronous configuration. Every field is optional; what is left out takes its default. */
export class PolicyDto {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(limits.eventAgeSecondsMax)
  max_async_event_age_in_seconds?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(limits.retriesMax)
  max_async_retry_attempts?: number;

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => DestinationConfigDto)
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
  @MaxLength(64)
  log_group_name?: string;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  log_stream_name?: string;

  /** Ours: the wait after the first failed attempt, in seconds; it doubles. */
  @IsOptional()
  @IsNumber()
  @Min(0.05)
  @Max(3_600)
  retry_wait_base_in_seconds?: number;

  /** Ours: the longest wait, in seconds. */
  @IsOptional()
  @IsNumber()
  @Min(0.05)
  @Max(86_400)
  retry_wait_max_in_seconds?: number;
}
