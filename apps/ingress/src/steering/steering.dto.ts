import { IsBoolean, IsIn, IsOptional } from 'class-validator';

/** The parts of a function that can be paused. */
export const pausableParts = ['intake', 'execution'] as const;

/** One of the {@link pausableParts}. */
export type PausablePart = (typeof pausableParts)[number];

/** The body of a request that pauses or resumes. */
export class PauseDto {
  /** Default: both parts. */
  @IsOptional()
  @IsIn(pausableParts)
  part?: PausablePart;
}

/** The body of a purge. */
export class PurgeDto {
  /** Only counts. */
  @IsOptional()
  @IsBoolean()
  dry_run?: boolean;

  /** Ends the attempts that run, too. */
  @IsOptional()
  @IsBoolean()
  include_running?: boolean;
}
