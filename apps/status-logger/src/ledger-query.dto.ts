import { ArrayMaxSize, ArrayMinSize, IsArray, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { MinutesQuery, TotalsQuery } from '#contracts';

/** Validates a question of the ingress for the counts of functions. */
export class TotalsQueryDto implements TotalsQuery {
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
  @IsString()
  @MaxLength(300)
  after?: string;

  @IsInt()
  @Min(1)
  @Max(500)
  limit!: number;
}

/** Validates a question of the ingress for the counts of minutes. */
export class MinutesQueryDto implements MinutesQuery {
  @IsString()
  @MaxLength(64)
  project!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @IsString({ each: true })
  @MaxLength(300, { each: true })
  functionUrns!: string[];

  @IsInt()
  @Min(0)
  from!: number;

  @IsInt()
  @Min(0)
  to!: number;
}
