import { ArrayMaxSize, IsArray, IsIn, IsObject, IsOptional } from 'class-validator';
import {
  deliveryStates,
  type DeliveryStatus,
  type EpochMs,
  noticeFunctionsMax,
  type NoticePlace,
  type NoticeQuery,
  type TargetQuery,
} from '#contracts';
import { IsCount, IsFunctionUrns, IsId, IsPageSize, IsText } from './question-fields.ts';

/** Longest name of a target, in characters. */
const deliveryIdLengthMax = 1_100;

/** Validates a question of the ingress for notices. */
export class NoticeQueryDto implements NoticeQuery {
  @IsId()
  project!: string;

  @IsOptional()
  @IsFunctionUrns(noticeFunctionsMax, 0)
  functionUrns?: string[];

  @IsOptional()
  @IsText(deliveryIdLengthMax)
  deliveryId?: string;

  @IsArray()
  @ArrayMaxSize(deliveryStates.length)
  @IsIn(deliveryStates, { each: true })
  states!: DeliveryStatus['state'][];

  @IsCount()
  beginAt!: EpochMs;

  @IsCount()
  endAt!: EpochMs;

  /** Its fields are values of comparisons only. */
  @IsOptional()
  @IsObject()
  after?: NoticePlace;

  @IsPageSize()
  limit!: number;
}

/** Validates a question of the ingress for targets. */
export class TargetQueryDto implements TargetQuery {
  @IsId()
  project!: string;

  @IsOptional()
  @IsText(deliveryIdLengthMax)
  after?: string;

  @IsPageSize(100)
  limit!: number;
}
