import { IsIn, IsOptional } from 'class-validator';

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
