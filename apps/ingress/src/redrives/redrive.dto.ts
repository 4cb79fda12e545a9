import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { redriveBounds, type RedriveKind, redriveKinds } from '#contracts';

/** Bounds of the texts of a selection, in characters. */
export const selectionBounds = { functionMax: 512, errorTextMax: 200, targetMax: 1_100 } as const;

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/;
const instantMessage = '$property must be YYYY-MM-DDTHH:mm:ss in UTC';

/** The body of a request that starts a redrive, or only counts what it would start. */
export class RedriveDto {
  /** The kind of things that it starts again. Default: failed invocations. */
  @IsOptional()
  @IsIn(redriveKinds)
  of?: RedriveKind;

  /** A URN or a name; without a version, all versions that exist. */
  @IsOptional()
  @IsString()
  @MaxLength(selectionBounds.functionMax)
  function?: string;

  /** Only invocations that ended with this condition. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  condition?: string;

  /** Only invocations with this status. Default: both. */
  @IsOptional()
  @IsIn(['FAIL', 'DISCARD'])
  status?: 'FAIL' | 'DISCARD';

  /** A part of the error message. */
  @IsOptional()
  @IsString()
  @MaxLength(selectionBounds.errorTextMax)
  error_text?: string;

  /** The id of a target; undelivered notices only. */
  @IsOptional()
  @IsString()
  @MaxLength(selectionBounds.targetMax)
  target?: string;

  /** Begin of the time of acceptance, or of the time at which notices were given up. */
  @IsOptional()
  @Matches(instantPattern, { message: instantMessage })
  begin_time?: string;

  /** End of that time. Default: now. */
  @IsOptional()
  @Matches(instantPattern, { message: instantMessage })
  end_time?: string;

  /**
   * Also events of a function that was removed: the one that was made anew under its name runs
   * them.
   */
  @IsOptional()
  @IsBoolean()
  made_anew?: boolean;

  /** Only counts. */
  @IsOptional()
  @IsBoolean()
  dry_run?: boolean;

  /** Most that are started in a second. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(redriveBounds.ratePerSecondMax)
  rate?: number;

  /** So many are started first, and must end before the others start. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(redriveBounds.canaryMax)
  canary?: number;

  /**
   * The redrive stops when more than this share of the ended ones failed, or were not delivered
   * again. Default 1: never.
   */
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(1)
  stop_at?: number;

  /** The most that it looks at. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(redriveBounds.selectedMax)
  limit?: number;
}
