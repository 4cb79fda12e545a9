import { IsIn, IsObject, IsOptional } from 'class-validator';
import { type RejectCode, rejectCodes, rejectFunctionsMax, type RejectPlace, type RejectQuery } from '#contracts';
import { IsFunctionUrns, IsPageSize, IsTexts } from './question-fields.ts';

/** Validates a question of the ingress for rejects. */
export class RejectQueryDto implements RejectQuery {
  @IsTexts({ max: 2, lengthMax: 64 })
  projects!: string[];

  @IsOptional()
  @IsFunctionUrns(rejectFunctionsMax)
  functionUrns?: string[];

  @IsOptional()
  @IsIn(rejectCodes)
  code?: RejectCode;

  /** Its fields are values of comparisons only. */
  @IsOptional()
  @IsObject()
  after?: RejectPlace;

  @IsPageSize()
  limit!: number;
}
