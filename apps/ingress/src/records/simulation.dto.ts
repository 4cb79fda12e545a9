import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { simulationBounds } from '#lifecycle';
import { Nested } from '../http/nested.ts';
import { RetryRulesDto } from '../policies/policy.dto.ts';

const daySeconds = 86_400;

/** A time in which no attempt can be made. */
export class OutageDto {
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(daySeconds)
  from_in_seconds!: number;

  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(daySeconds)
  to_in_seconds!: number;
}

/** How invocations arrive and attempts end. */
export class FailureModelDto {
  /** Share of attempts that fail by the fault of the function. */
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(1)
  failure_share?: number;

  /** Share of attempts that Sendoff could not make. */
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(1)
  unavailable_share?: number;

  /** False if the function forbids retries. */
  @IsOptional()
  @IsBoolean()
  is_retryable?: boolean;

  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(daySeconds)
  duration_in_seconds?: number;

  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0.001)
  @Max(10_000)
  arrivals_per_second?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(simulationBounds.invocationsMax)
  invocations?: number;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(simulationBounds.outagesMax)
  @Nested(() => OutageDto, { each: true })
  outages?: OutageDto[];
}

/** The body of a simulation. */
export class SimulationDto {
  /** Any form of its URN. Its policy and its records stand for what the body leaves out. */
  @IsOptional()
  @IsString()
  @MaxLength(300)
  function?: string;

  /** The policy to try out. */
  @IsOptional()
  @IsObject()
  @Nested(() => RetryRulesDto)
  policy?: RetryRulesDto;

  @IsOptional()
  @IsObject()
  @Nested(() => FailureModelDto)
  model?: FailureModelDto;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2 ** 32 - 1)
  seed?: number;
}
