import { IsArray, IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { type EpochMs, invocationTagPattern, type Status, statuses, type StatusQuery } from '#contracts';
import { IsCount, IsFunctionUrns, IsId, IsPageSize, IsRequestIds } from './question-fields.ts';

/** Validates a question of the ingress. */
export class StatusQueryDto implements StatusQuery {
  @IsId()
  project!: string;

  @IsOptional()
  @IsFunctionUrns(10)
  functionUrns?: string[];

  @IsOptional()
  @IsRequestIds(100)
  requestIds?: string[];

  @IsOptional()
  @IsArray()
  @IsIn(statuses, { each: true })
  statuses?: Status[];

  @IsOptional()
  @IsString()
  @Matches(invocationTagPattern)
  tag?: string;

  @IsCount()
  beginAt!: EpochMs;

  @IsCount()
  endAt!: EpochMs;

  @IsCount()
  offset!: number;

  @IsPageSize()
  limit!: number;
}
