import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { type EpochMs, type InvocationSearch, type LiveQuery, searchMarkerPattern, type Status, statuses } from '#contracts';

/** Validates a search of the ingress. */
export class InvocationSearchDto implements InvocationSearch {
  @IsString()
  @MaxLength(64)
  project!: string;

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(200)
  @IsString({ each: true })
  @MaxLength(300, { each: true })
  functionUrns?: string[];

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  requestIds?: string[];

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @IsIn(statuses, { each: true })
  statuses?: Status[];

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(9_999)
  errorCode?: number;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  errorText?: string;

  @IsInt()
  @Min(0)
  beginAt!: EpochMs;

  @IsInt()
  @Min(0)
  endAt!: EpochMs;

  @IsOptional()
  @Matches(searchMarkerPattern)
  marker?: string;

  @IsInt()
  @Min(1)
  @Max(500)
  limit!: number;
}

/** Validates the question for one invocation. */
export class FindInvocationDto {
  @IsString()
  @MaxLength(64)
  project!: string;

  @IsString()
  @MaxLength(64)
  requestId!: string;
}

/** Validates the question for transitions after a place. */
export class LiveQueryDto implements LiveQuery {
  @IsString()
  @MaxLength(64)
  project!: string;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  process?: string;

  @IsOptional()
  @IsInt()
  @Min(0)
  number?: number;
}
