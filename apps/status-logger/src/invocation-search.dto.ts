import { ArrayMinSize, IsArray, IsBoolean, IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import {
  type EpochMs,
  type InvocationSearch,
  invocationTagPattern,
  type LiveQuery,
  searchMarkerPattern,
  searchNamesMax,
  type Status,
  statuses,
} from '#contracts';
import { IsCount, IsFunctionUrns, IsId, IsPageSize, IsRequestIds, IsText } from './question-fields.ts';

/** Validates a search of the ingress. */
export class InvocationSearchDto implements InvocationSearch {
  @IsId()
  project!: string;

  @IsOptional()
  @IsFunctionUrns(searchNamesMax)
  functionUrns?: string[];

  @IsOptional()
  @IsRequestIds(searchNamesMax)
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
  @IsText(200)
  errorText?: string;

  @IsOptional()
  @Matches(invocationTagPattern)
  tag?: string;

  @IsCount()
  beginAt!: EpochMs;

  @IsCount()
  endAt!: EpochMs;

  @IsOptional()
  @Matches(searchMarkerPattern)
  marker?: string;

  @IsPageSize()
  limit!: number;

  @IsOptional()
  @IsBoolean()
  withPlaces?: boolean;

  @IsOptional()
  @IsBoolean()
  withRedriven?: boolean;

  @IsOptional()
  @IsBoolean()
  withHistory?: boolean;
}

/** Validates the question for one invocation. */
export class FindInvocationDto {
  @IsId()
  project!: string;

  @IsId()
  requestId!: string;
}

/** Validates the question for transitions after a place. */
export class LiveQueryDto implements LiveQuery {
  @IsId()
  project!: string;

  @IsOptional()
  @IsId()
  process?: string;

  @IsOptional()
  @IsCount()
  number?: number;
}
