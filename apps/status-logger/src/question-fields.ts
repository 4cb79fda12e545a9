/** Checks of the fields that several questions of the ingress share. */
import { applyDecorators } from '@nestjs/common';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';

/** A list of texts. @param bounds of the list, and of each text in characters. */
export const IsTexts = (bounds: { readonly min?: number; readonly max: number; readonly lengthMax: number }) =>
  applyDecorators(
    IsArray(),
    ...(bounds.min === undefined ? [] : [ArrayMinSize(bounds.min)]),
    ArrayMaxSize(bounds.max),
    IsString({ each: true }),
    MaxLength(bounds.lengthMax, { each: true }),
  );

/** A text of at most so many characters. */
export const IsText = (lengthMax: number) => applyDecorators(IsString(), MaxLength(lengthMax));

/** The id of a project or of a request. */
export const IsId = () => IsText(64);

/** URNs of functions. @param min 0 if the list may be empty. */
export const IsFunctionUrns = (max: number, min = 1) => IsTexts({ ...(min === 0 ? {} : { min }), max, lengthMax: 300 });

/** Ids of requests. */
export const IsRequestIds = (max: number) => IsTexts({ max, lengthMax: 64 });

/** An instant, in milliseconds since 1970, or a count. */
export const IsCount = () => applyDecorators(IsInt(), Min(0));

/** The size of a page. */
export const IsPageSize = (max = 500) => applyDecorators(IsInt(), Min(1), Max(max));
