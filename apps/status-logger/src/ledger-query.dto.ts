import { IsOptional } from 'class-validator';
import type { MinutesQuery, TotalsQuery } from '#contracts';
import { IsCount, IsFunctionUrns, IsId, IsPageSize, IsText } from './question-fields.ts';

/** Validates a question of the ingress for the counts of functions. */
export class TotalsQueryDto implements TotalsQuery {
  @IsId()
  project!: string;

  @IsOptional()
  @IsFunctionUrns(10)
  functionUrns?: string[];

  @IsOptional()
  @IsText(300)
  after?: string;

  @IsPageSize()
  limit!: number;
}

/** Validates a question of the ingress for the counts of minutes. */
export class MinutesQueryDto implements MinutesQuery {
  @IsId()
  project!: string;

  @IsFunctionUrns(10)
  functionUrns!: string[];

  @IsCount()
  from!: number;

  @IsCount()
  to!: number;
}
