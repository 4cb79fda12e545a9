import { IsIn, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';

/** The body of a request that cancels an invocation. */
export class CancelDto {
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  request_id!: string;

  /**
   * `recursive` would also have to cancel the invocations that this one started, and no record
   * lists them.
   */
  @IsOptional()
  @IsIn(['force'], { message: 'type must be force; recursive is not supported' })
  type?: string;
}
