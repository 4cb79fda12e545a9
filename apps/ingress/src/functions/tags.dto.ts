import { ArrayMaxSize, ArrayMinSize, IsArray, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { Nested } from '../http/nested.ts';

/** The most tags of one function. */
export const tagsMax = 20;

/** One tag. */
export class TagDto {
  @IsString()
  @MinLength(1)
  @MaxLength(128)
  key!: string;

  @IsOptional()
  @IsString()
  @MaxLength(255)
  value?: string;
}

/** The tags in the body of a function. The list may be empty. */
export class FunctionTagsDto {
  @IsArray()
  @ArrayMaxSize(tagsMax)
  @Nested(() => TagDto, { each: true })
  tags!: TagDto[];
}

/** The body of a request that adds or removes tags. */
export class TagsDto {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(tagsMax)
  @Nested(() => TagDto, { each: true })
  tags!: TagDto[];
}
