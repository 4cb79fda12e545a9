import { IsIn, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';

/** The body of a cancel. */
export class CancelDto {
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  request_id!: string;

  /** `recursive` would have to end invocations that this one started, and nobody keeps count of those. */
  @IsOptional()
  @IsIn(['force'], { message: 'type may be force; recursive is not offered' })
  type?: string;
}
