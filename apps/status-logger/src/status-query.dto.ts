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
import { type EpochMs, invocationTagPattern, type Status, type StatusQuery } from '#contracts';

/** Validates a question of the ingress. */
export class StatusQueryDto implements StatusQuery {
  @IsString()
  @MaxLength(64)
  project!: string;

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @IsString({ each: true })
  @MaxLength(300, { each: true })
  functionUrns?: string[];

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  requestIds?: string[];

  @IsOptional()
  @IsArray()
  @IsIn(['WAIT', 'RUNNING', 'SUCCESS', 'FAIL', 'DISCARD'], { each: true })
  statuses?: Status[];

  @IsOptional()
  @IsString()
  @Matches(invocationTagPattern)
  tag?: string;

  @IsInt()
  @Min(0)
  beginAt!: EpochMs;

  @IsInt()
  @Min(0)
  endAt!: EpochMs;

  @IsInt()
  @Min(0)
  offset!: number;

  @IsInt()
  @Min(1)
  @Max(500)
  limit!: number;
}
