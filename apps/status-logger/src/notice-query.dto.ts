import { ArrayMaxSize, IsArray, IsIn, IsInt, IsObject, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import {
  deliveryStates,
  type DeliveryStatus,
  type EpochMs,
  noticeFunctionsMax,
  type NoticePlace,
  type NoticeQuery,
  type TargetQuery,
} from '#contracts';

/** Longest name of a target, in characters. */
const deliveryIdLengthMax = 1_100;

/** Validates a question of the ingress for notices. */
export class NoticeQueryDto implements NoticeQuery {
  @IsString()
  @MaxLength(64)
  project!: string;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(noticeFunctionsMax)
  @IsString({ each: true })
  @MaxLength(300, { each: true })
  functionUrns?: string[];

  @IsOptional()
  @IsString()
  @MaxLength(deliveryIdLengthMax)
  deliveryId?: string;

  @IsArray()
  @ArrayMaxSize(deliveryStates.length)
  @IsIn(deliveryStates, { each: true })
  states!: DeliveryStatus['state'][];

  @IsInt()
  @Min(0)
  beginAt!: EpochMs;

  @IsInt()
  @Min(0)
  endAt!: EpochMs;

  /** Its fields are values of comparisons only. */
  @IsOptional()
  @IsObject()
  after?: NoticePlace;

  @IsInt()
  @Min(1)
  @Max(500)
  limit!: number;
}

/** Validates a question of the ingress for targets. */
export class TargetQueryDto implements TargetQuery {
  @IsString()
  @MaxLength(64)
  project!: string;

  @IsOptional()
  @IsString()
  @MaxLength(deliveryIdLengthMax)
  after?: string;

  @IsInt()
  @Min(1)
  @Max(100)
  limit!: number;
}
