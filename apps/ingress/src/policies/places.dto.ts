import { ArrayMaxSize, IsArray, IsIn, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { Nested } from '../http/nested.ts';
import { type DestinationType, destinationTypes } from '#contracts';

/** One grant of an agency. */
export class GrantDto {
  @IsIn(destinationTypes)
  type!: DestinationType;

  @IsString()
  @MinLength(1)
  @MaxLength(300)
  resource!: string;
}

/** The body of an agency. */
export class AgencyDto {
  @IsArray()
  @ArrayMaxSize(100)
  @Nested(() => GrantDto, { each: true })
  grants!: GrantDto[];
}

/** The body of a bucket or stream. */
export class PlaceDto {
  /** Streams only: the Kafka topic behind the stream, if it is not the default one. */
  @IsOptional()
  @IsString()
  @Matches(/^[A-Za-z0-9._-]{1,200}$/, { message: 'topic must be 1..200 letters, digits, ., _ or -' })
  topic?: string;
}
